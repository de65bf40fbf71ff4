"""Room for a run: what retention would delete anyway goes first, if the policy says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap.errors import CredentialsRefused, Refused
from cbsnap.jobs.plan import tick
from cbsnap.model.labels import Label
from cbsnap.model.plan import QuotaLimits
from cbsnap.model.policies import Keep
from cbsnap.model.runs import Decision, Report

from .fakes import NOON, FakeWorkers, disk
from .shelf import plan, policy, shelf, shot
from .test_prune import FakeLifecycle, days, left

if TYPE_CHECKING:
    from cbsnap.model.plan import Target

    from .shelf import Shelf

ROOMY = policy(good=Label.APPLICATION, keep=Keep(last=1), make_room=True)


class Scene:
    """A disk with four good snapshots of which three may go, in a region with room for four."""

    def __init__(self) -> None:
        self.cloud: Shelf = shelf(days(1, 2, 3, 4))
        self.lifecycle = FakeLifecycle(self.cloud)
        self.workers = FakeWorkers()
        self.plan = replace(plan(ROOMY), quota=QuotaLimits(region=4))

    def tick(self) -> Report:
        (report,) = tick(
            self.plan, Region(self.cloud), self.workers, self.cloud.clock, lifecycles=Region(self.lifecycle)
        )
        return report


class Region:
    """Whatever is asked for, at whatever target."""

    def __init__(self, there: Any) -> None:  # noqa: ANN401 - a cloud or a lifecycle
        self.there = there

    def at(self, target: Target) -> Any:  # noqa: ANN401 - the same
        del target
        return self.there


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_oldest_that_retention_would_delete_goes_and_no_more(scene: Scene) -> None:
    report = scene.tick()

    assert left(scene.cloud) == ["snap-1", "snap-2", "snap-3"]
    assert [(one.snapshot_id, one.disk_id, one.reason) for one in report.removed] == [
        ("snap-4", "disk-a", "to make room: no rule keeps it")
    ]
    assert [one.decision for one in report.outcomes] == [Decision.DISPATCHED]


def test_a_full_disk_gets_room_of_its_own(scene: Scene) -> None:
    scene.plan = replace(scene.plan, quota=QuotaLimits(region=99, disk=4))
    scene.cloud.disk_list = [disk("disk-a", snapshot_count=4)]

    report = scene.tick()

    assert [one.snapshot_id for one in report.removed] == ["snap-4"]
    assert [one.decision for one in report.outcomes] == [Decision.DISPATCHED]


def test_without_the_key_nothing_goes_and_the_refusal_has_figures(scene: Scene) -> None:
    scene.plan = replace(scene.plan, policies=(replace(ROOMY, make_room=False),))

    report = scene.tick()

    assert len(left(scene.cloud)) == 4
    assert "needs 1, has 0 of 4" in report.outcomes[0].reason


def test_with_room_enough_nothing_goes(scene: Scene) -> None:
    scene.plan = replace(scene.plan, quota=QuotaLimits(region=5))

    assert scene.tick().removed == ()
    assert scene.lifecycle.calls == []


def test_what_the_rules_keep_stays_though_there_is_no_room(scene: Scene) -> None:
    scene.plan = replace(scene.plan, policies=(replace(ROOMY, keep=Keep(last=4)),))

    report = scene.tick()

    assert len(left(scene.cloud)) == 4
    assert "needs 1, has 0 of 4" in report.outcomes[0].reason


def test_another_policys_snapshots_are_not_taken_for_it(scene: Scene) -> None:
    others = [replace(one, name=one.name.replace("orders", "others")) for one in days(1, 2, 3, 4)]
    scene.cloud.snapshot_list = others
    scene.plan = replace(scene.plan, policies=(ROOMY, replace(ROOMY, name="others", paused=True)))

    report = scene.tick()

    assert len(left(scene.cloud)) == 4
    assert report.outcomes[0].decision is Decision.REFUSED


def test_what_the_cloud_refuses_to_delete_makes_no_room(scene: Scene) -> None:
    scene.lifecycle.stubborn["snap-4"] = Refused("UnsupportedOperation.SnapHasShared", "shared")

    report = scene.tick()

    assert "SnapHasShared" in report.removed[0].error
    assert "needs 1, has 0 of 4" in report.outcomes[0].reason
    assert scene.workers.batches == []


def test_a_function_that_may_not_delete_says_so_and_goes_on(scene: Scene) -> None:
    def refuse(_: object) -> None:
        raise CredentialsRefused("UnauthorizedOperation", "cbs:DeleteSnapshots")

    scene.lifecycle.delete_snapshots = refuse  # type: ignore[method-assign,assignment]

    report = scene.tick()

    assert "cbs:DeleteSnapshots" in report.removed[0].error
    assert report.outcomes[0].decision is Decision.REFUSED


def test_room_is_made_before_anything_is_handed_out(scene: Scene) -> None:
    seen: list[int] = []
    scene.workers.dispatch = lambda batch: str(seen.append(len(left(scene.cloud))) or batch.run)  # type: ignore[method-assign,func-returns-value]

    scene.tick()

    assert seen == [3]


def test_room_that_was_made_is_the_next_policys_to_know(scene: Scene) -> None:
    scene.cloud.disk_list = [disk("disk-a"), disk("disk-b")]
    only_b = replace(policy("later"), select=replace(ROOMY.select, disks=frozenset({"disk-b"})))
    only_a = replace(ROOMY, select=replace(ROOMY.select, disks=frozenset({"disk-a"})))
    scene.plan = replace(scene.plan, policies=(only_a, only_b))

    first, second = tick(
        scene.plan, Region(scene.cloud), scene.workers, scene.cloud.clock, lifecycles=Region(scene.lifecycle)
    )

    assert first.outcomes[0].decision is Decision.DISPATCHED
    assert "needs 1, has 0 of 4" in second.outcomes[0].reason


def test_the_newest_good_one_is_never_spent(scene: Scene) -> None:
    scene.cloud.snapshot_list = [shot(label=Label.APPLICATION, due=NOON - timedelta(days=400))]
    scene.plan = replace(scene.plan, quota=QuotaLimits(region=1))

    assert scene.tick().removed == ()


def test_nothing_goes_for_what_cannot_be_taken_inside_the_window(scene: Scene) -> None:
    late = replace(ROOMY, jitter=timedelta(hours=12), window=timedelta(minutes=10))
    scene.plan = replace(scene.plan, policies=(late,))

    report = scene.tick()

    assert report.removed == ()
    assert [one.decision for one in report.outcomes] == [Decision.REFUSED]
