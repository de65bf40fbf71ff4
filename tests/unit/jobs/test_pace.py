"""Pace: a worker keeps to its plan of turns, and all workers of a run together to the rate."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING

import pytest
from cbsnap.jobs import handing
from cbsnap.jobs.pace import Pace
from cbsnap.model.plan import Target
from cbsnap.model.runs import Batch, Group, Report, Run
from cbsnap.rules.pacing import CREATES_PER_S, TICK, turns

from tests.unit.jobs.fakes import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence

DUE = datetime(2026, 11, 22, 2, 0, tzinfo=timezone.utc)
DOCUMENTED_PER_S = 20  # of CreateSnapshot, 362/15648
FOREVER = float("inf")


def test_what_is_sent_together_is_paid_for_before_the_next() -> None:
    clock = FakeClock()
    pace = Pace(0.5, clock)

    waits = []
    for calls in (5, 1, 2):
        pace.wait(FOREVER)
        waits.append(clock.waited_s)
        pace.spend(calls)

    assert waits == [0, 10, 12]


def test_the_first_turn_comes_at_the_workers_place() -> None:
    clock = FakeClock()

    Pace(1.0, clock, starts_in_s=3.5).wait(FOREVER)

    assert clock.waited_s == 3.5


def test_who_is_late_goes_a_quarter_faster_until_the_plan_is_reached() -> None:
    clock = FakeClock()
    pace = Pace(1.0, clock, starts_in_s=-5)

    at = []
    for _ in range(6):
        pace.wait(FOREVER)
        at.append(clock.waited_s)
        pace.spend(10)

    assert at == [0, 8, 16, 25, 35, 45]


def test_a_turn_that_comes_too_late_is_not_waited_for() -> None:
    clock = FakeClock()
    pace = Pace(1.0, clock)
    pace.spend(100)

    assert not pace.wait(clock.monotonic() + 60)
    assert clock.waited_s == 0


def test_who_spends_nothing_does_not_wait() -> None:
    clock = FakeClock()
    pace = Pace(0.1, clock)

    for _ in range(3):
        pace.wait(FOREVER)
        pace.spend(0)

    assert clock.waited_s == 0


@dataclass
class Invoked:
    """The port `Workers`: what was handed out."""

    batches: list[Batch] = field(default_factory=list)

    def dispatch(self, batch: Batch) -> str:
        self.batches.append(batch)
        return "request"


@dataclass(frozen=True)
class Weather:
    """How long things take: planning, a worker's start, and from a group's turn to its creates."""

    seed: int
    planning_s: tuple[float, float] = (1.0, 4.0)
    start_s: tuple[float, float] = (0.2, 1.8)
    lease_s: tuple[float, float] = (0.05, 0.5)
    chance: Random = field(default_factory=Random)

    def __post_init__(self) -> None:
        self.chance.seed(self.seed)

    def draw(self, span: tuple[float, float]) -> float:
        return self.chance.uniform(*span)


def creates(groups: Sequence[Group], weather: Weather) -> list[float]:
    """Let a run go through all its ticks; returns the seconds after the due time of each CreateSnapshot."""
    sent: list[float] = []
    had_a_turn: set[str] = set()
    fired = DUE
    while len(had_a_turn) < len(groups):
        now = [one.group for one in turns(groups, DUE, fired) if one.now and one.group.id not in had_a_turn]
        invoked_at = fired + timedelta(seconds=weather.draw(weather.planning_s))
        for batch in handed_out(now, invoked_at):
            sent += worker(batch, invoked_at, weather)
        had_a_turn |= {group.id for group in now}
        fired += TICK
    return sorted(sent)


def handed_out(groups: Sequence[Group], now: datetime) -> list[Batch]:
    order = Batch(Run("fleet", DUE), Target("ap-guangzhou"), "bench", (), not_after=now, deliver_by=now)
    invoked = Invoked()
    handing.hand_out([handing.Planned(Report("", ""), order, tuple(groups))], invoked, now)
    return invoked.batches


def worker(batch: Batch, invoked_at: datetime, weather: Weather) -> list[float]:
    """Go through a batch as the real one does; a lease takes its time on a thread of its own."""
    clock = FakeClock(invoked_at + timedelta(seconds=weather.draw(weather.start_s)))
    assert batch.begins_at is not None
    pace = Pace(batch.rate_per_s, clock, (batch.begins_at - clock.now()).total_seconds())
    sent = []
    for group in batch.groups:
        pace.wait(FOREVER)
        pace.spend(len(group.disk_ids))
        at = (clock.now() - DUE).total_seconds() + weather.draw(weather.lease_s)
        sent += [at] * len(group.disk_ids)
    return sent


def fullest_second(sent: Sequence[float]) -> int:
    """Return the most calls of any second."""
    most, first = 0, 0
    for last, at in enumerate(sent):
        while sent[first] <= at - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def instances(disks: int, each: int) -> list[Group]:
    return [
        Group(f"ins-{start:06}", tuple(f"disk-{one:06}" for one in range(start, min(disks, start + each))))
        for start in range(0, disks, each)
    ]


@pytest.mark.parametrize("each", [1, 5, 10])
@pytest.mark.parametrize("disks", [700, 3000, 10_000])
def test_a_run_keeps_to_its_rate_and_takes_hardly_longer_than_that(disks: int, each: int) -> None:
    sent = creates(instances(disks, each), Weather(disks + each))

    assert fullest_second(sent) <= DOCUMENTED_PER_S
    assert sent[-1] <= disks / CREATES_PER_S * 1.05 + 5


def test_workers_that_start_late_end_inside_their_tick_all_the_same() -> None:
    weather = Weather(3, start_s=(8.0, 12.0))

    sent = creates(instances(6000, 5), weather)

    first_tick = sent[:2900]
    assert first_tick[-1] <= TICK.total_seconds()
