"""A run that is followed: what has to wait is asked for again, and what it is worth in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, cast

import pytest
from cbsnap.entry.cli.running import AGAIN, LESSER, MISSING, WELL, Started
from cbsnap.model import Decision, Label, Outcome, Report, Snapshot, Target
from cbsnap.ports import Answered

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=timezone.utc)
RUN = "orders@20261122T0200Z#k"
DIGEST = "8254c32"


@dataclass
class World:
    """A session, its wiring, its clock, a region and what was handed over, as far as is needed."""

    there: list[Snapshot] = field(default_factory=list)
    time: datetime = NOW
    all_over: bool = True
    ended: list[Answered] = field(default_factory=list)

    @property
    def wiring(self) -> World:
        return self

    @property
    def clouds(self) -> World:
        return self

    @property
    def clock(self) -> World:
        return self

    def at(self, _: object) -> World:
        return self

    def target_of(self, region: str) -> Target:
        return Target(region)

    def now(self) -> datetime:
        return self.time

    def answers(self) -> Iterator[Answered]:
        while self.ended:
            yield self.ended.pop()

    def snapshots_since(self, moment: datetime) -> list[Snapshot]:
        return [one for one in self.there if one.created_at >= moment]

    def snapshots(self, ids: list[str]) -> list[Snapshot]:
        return [one for one in self.there if one.id in ids]


def report(decision: Decision, reason: str = "") -> Report:
    return Report(RUN, "ap-guangzhou", (Outcome("disk-a", decision, reason=reason),))


def snapshot(state: str = "NORMAL", label: str | None = "application", percent: int = 100) -> Snapshot:
    tags = {"cbsnap:deployment": "prod", **({"cbsnap:label": label} if label else {})}
    name = f"orders.20261122T0200Z.a.{DIGEST}"
    return Snapshot("snap-a", "ap-guangzhou", name, "disk-a", state, percent, NOW, 50, tags=tags)


def started(world: World, first: Report, *then: Report) -> Started:
    again = iter(then)
    whole = cast("Any", world)
    goods = {"orders": Label.APPLICATION}
    return Started(whole, [first], goods, whole, NOW, (lambda: [next(again)]) if then else None)


def test_what_has_to_wait_is_asked_for_again_after_a_while_and_not_before() -> None:
    world = World()
    mine = started(world, report(Decision.DEFERRED, "one at a time"), report(Decision.DISPATCHED))

    waits = mine.parts(mine.look())
    world.time += AGAIN - timedelta(seconds=1)
    still = mine.parts(mine.look())
    world.time += timedelta(seconds=1)
    mine.look()

    assert [one.words for one in (*waits, *still)] == ["waits: one at a time"] * 2
    assert mine.reports == [report(Decision.DISPATCHED)]


def test_nothing_is_asked_again_while_a_worker_is_at_it() -> None:
    world = World(all_over=False)
    mine = started(world, report(Decision.DEFERRED), report(Decision.DISPATCHED))

    world.time += 2 * AGAIN
    mine.look()

    assert mine.reports == [report(Decision.DEFERRED)]


def test_the_workers_own_words_say_why_there_is_no_snapshot() -> None:
    told = {
        "run": RUN,
        "region": "ap-guangzhou",
        "outcomes": [{"disk_id": "disk-a", "decision": "failed", "reason": "no answer from the agent"}],
    }
    world = World(ended=[Answered(over=True, returned=[told, {"of": "a newer version"}])])
    mine = started(world, report(Decision.DISPATCHED))

    seen = mine.look()

    assert [row["reason"] for _, row in mine.rows(seen)] == ["no answer from the agent"]
    assert (mine.is_over(seen), mine.check(seen)) == (True, MISSING)


def test_a_silent_end_says_where_to_look() -> None:
    mine = started(World(), report(Decision.DISPATCHED))

    seen = mine.look()

    assert mine.parts(seen)[0].words == "no snapshot: nothing is known of it: see the worker's log"


@pytest.mark.parametrize(
    ("made", "over", "check"),
    [
        (snapshot(), True, WELL),
        (snapshot(label="clean"), True, WELL),
        (snapshot(label="filesystem"), True, LESSER),
        (snapshot(label=None), False, LESSER),
        (snapshot("CREATING", percent=100), False, LESSER),
    ],
)
def test_a_run_is_worth_what_its_snapshots_are(made: Snapshot, *, over: bool, check: int) -> None:
    mine = started(World([made]), report(Decision.DISPATCHED))

    seen = mine.look()

    assert (mine.is_over(seen), mine.check(seen)) == (over, check)
