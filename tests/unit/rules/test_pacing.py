"""Turns: the rate is kept, every group has its turn, and nothing is handed out twice at once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import yaml
from cbsnap.model.runs import Group
from cbsnap.rules.pacing import AGAIN, TICK, TICK_DISKS, turns
from hypothesis import given
from hypothesis import strategies as st

DUE = datetime(2026, 11, 22, 2, 0, tzinfo=timezone.utc)


def run_of(disks: int) -> list[Group]:
    return [Group(f"disk-{number:05}", (f"disk-{number:05}",)) for number in range(disks)]


def handed_out(groups: list[Group], tick: int, jitter: timedelta = timedelta(0)) -> set[str]:
    found = turns(groups, DUE, DUE + tick * TICK + timedelta(seconds=7), jitter=jitter)
    return {turn.group.id for turn in found if turn.now}


def test_a_small_run_is_handed_out_at_once_and_again_when_that_must_be_over() -> None:
    groups = run_of(10)

    ticks = [tick for tick in range(10) if handed_out(groups, tick)]

    assert ticks == [0, AGAIN, 2 * AGAIN, 3 * AGAIN]


def test_a_large_run_is_spread_over_ticks_by_the_share_of_the_rate() -> None:
    groups = run_of(2 * TICK_DISKS + 5)

    assert [len(handed_out(groups, tick)) for tick in range(3)] == [TICK_DISKS, TICK_DISKS, 5]


def test_another_policys_disks_come_first() -> None:
    found = turns(run_of(1), DUE, DUE, ahead=TICK_DISKS)

    assert [(turn.now, turn.at) for turn in found] == [(False, DUE + TICK)]
    assert found[0].why == "its next turn comes at 02:05 UTC"


def test_what_was_handed_out_says_when_again() -> None:
    (turn,) = turns(run_of(1), DUE, DUE + TICK)

    assert turn.why == "its next turn comes at 02:15 UTC"


def test_jitter_spreads_the_starts_and_stays_the_same() -> None:
    groups = run_of(300)

    by_tick = [handed_out(groups, tick, jitter=3 * TICK) for tick in range(AGAIN)]

    assert min(map(len, by_tick)) > 60
    assert not by_tick[0] & by_tick[1]
    assert handed_out(groups, 0, jitter=3 * TICK) == handed_out(groups, 0, jitter=3 * TICK)


@given(disks=st.integers(0, 3 * TICK_DISKS), size=st.integers(1, 21))
def test_every_group_has_exactly_one_turn_in_a_cycle(disks: int, size: int) -> None:
    ids = [f"disk-{number}" for number in range(disks)]
    groups = [Group(ids[at], tuple(ids[at : at + size])) for at in range(0, disks, size)]
    last = disks // TICK_DISKS

    seen: list[str] = []
    for tick in range(last, last + AGAIN):
        seen += handed_out(groups, tick)

    assert sorted(seen) == sorted(group.id for group in groups)


def test_the_timer_fires_as_often_as_turns_are_counted() -> None:
    serverless = yaml.safe_load((Path(__file__).parents[3] / "serverless.yml").read_text())

    (timer,) = [one for one in serverless["inputs"]["triggers"] if one["function"] == "schedule"]
    assert timer["parameters"]["cronExpression"] == f"0 */{TICK // timedelta(minutes=1)} * * * * *"
