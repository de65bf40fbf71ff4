"""Groups that a host holds together are taken together, each disk for its own run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cbsnap.errors import DiskBusy, HostUnreachable
from cbsnap.model.labels import Label
from cbsnap.model.plan import QuotaLimits
from cbsnap.model.policies import OnFailure, Quiesce
from cbsnap.model.runs import Decision, Group, Run

from .fakes import NOON, disk, lost
from .scene import Scene

if TYPE_CHECKING:
    from cbsnap.model.runs import Report

LOGS = Run("logs", NOON)


@pytest.fixture
def scene() -> Scene:
    """Two groups on one instance, whose plan keeps its data on the disks of both."""
    scene = Scene()
    scene.host.plan_disks = frozenset({"disk-a", "disk-b"})
    groups = (Group("disk-a", ("disk-a",), "ins-1"), Group("disk-b", ("disk-b",), "ins-1"))
    scene.batch = replace(scene.batch, groups=groups)
    return scene


def of_two_policies(scene: Scene) -> None:
    groups = tuple(replace(one, run=place) for place, one in enumerate(scene.batch.groups))
    scene.batch = replace(scene.batch, groups=groups, beside=(LOGS,))


def told(report: Report) -> dict[str, tuple[Decision, Label | None]]:
    return {one.disk_id: (one.decision, one.label) for one in report.outcomes}


def test_disks_that_the_plan_holds_together_are_one_group(scene: Scene) -> None:
    report = scene.take()

    assert scene.host.operations == ["orders@20261122T0400Z/disk-a+disk-b"]
    assert scene.cloud.log[-2:] == ["create disk-a disk-b", "release"]
    assert {one.label for one in report.outcomes} == {Label.APPLICATION}


def test_a_group_across_hosts_brings_together_what_each_host_holds(scene: Scene) -> None:
    other = scene.on_two_hosts()
    scene.host.plan_disks = frozenset({"disk-a", "disk-c"})
    scene.cloud.disk_list.append(disk("disk-c"))
    groups = (Group("app=orders", ("disk-a", "disk-b"), "ins-1"), Group("disk-c", ("disk-c",), "ins-1"))

    report = scene.take(groups=groups)

    assert scene.cloud.log[-3:] == ["create disk-a disk-b disk-c", "release", "release"]
    assert {one.label for one in report.outcomes} == {Label.APPLICATION}
    assert other.holding is None


def test_a_disk_that_the_plan_does_not_hold_stays_by_itself(scene: Scene) -> None:
    scene.host.plan_disks = frozenset({"disk-a"})

    report = scene.take()

    assert told(report) == {
        "disk-a": (Decision.TAKEN, Label.APPLICATION),
        "disk-b": (Decision.FAILED, None),
    }
    assert "covers none of disk-b" in report.outcomes[1].reason


@pytest.mark.parametrize(
    ("on_failure", "expected"),
    [(OnFailure.ABORT, (Decision.FAILED, None)), (OnFailure.CRASH, (Decision.TAKEN, Label.CRASH))],
)
def test_a_part_of_a_set_is_never_application(
    scene: Scene, on_failure: OnFailure, expected: tuple[Decision, Label | None]
) -> None:
    scene.host.plan_disks = frozenset({"disk-a", "disk-b", "disk-elsewhere"})

    report = scene.take(quiesce=Quiesce("mysql", on_failure))

    assert set(told(report).values()) == {expected}
    assert all("disk-elsewhere" in one.reason for one in report.outcomes)


def test_the_rest_of_a_set_is_taken_under_a_lease_of_the_whole_and_is_crash(scene: Scene) -> None:
    scene.cloud.answers["disk-b"] = DiskBusy("InvalidDisk.Busy", "sorry")
    scene.take()

    report = scene.take()

    assert "lease disk-a disk-b" in scene.cloud.log
    assert scene.cloud.log[-2:] == ["create disk-b", "release"]
    assert told(report) == {"disk-a": (Decision.DONE, None), "disk-b": (Decision.TAKEN, Label.CRASH)}


def test_a_host_that_does_not_answer_fails_each_group_with_the_reason(scene: Scene) -> None:
    scene.host.troubles["check"] = [HostUnreachable("cut")] * 5

    report = scene.take(quiesce=Quiesce("mysql", tries=1))

    assert set(told(report).values()) == {(Decision.FAILED, None)}
    assert all("cut" in one.reason for one in report.outcomes)


def test_an_instance_is_stopped_once_for_all_its_disks(scene: Scene) -> None:
    report = scene.take(quiesce=Quiesce(""))

    assert scene.cloud.log.count("stop ins-1") == 1
    assert {one.label for one in report.outcomes} == {Label.CLEAN}


def test_policies_that_share_a_lease_name_and_report_their_own_disks(scene: Scene) -> None:
    of_two_policies(scene)

    orders, logs = scene.take_all()

    assert scene.cloud.log.count("lease disk-a disk-b") == 1
    made = {one.name: one.tags["cbsnap:policy"] for one in scene.cloud.snapshot_list}
    assert made == {"orders.20261122T0400Z.a": "orders", "logs.20261122T0400Z.b": "logs"}
    assert (orders.run, told(orders)) == (
        "orders@20261122T0400Z",
        {"disk-a": (Decision.TAKEN, Label.APPLICATION)},
    )
    assert (logs.run, told(logs)) == ("logs@20261122T0400Z", {"disk-b": (Decision.TAKEN, Label.APPLICATION)})
    assert scene.host.operations == ["logs@20261122T0400Z+orders@20261122T0400Z/disk-a+disk-b"]


def test_policies_that_share_a_lease_take_nothing_twice(scene: Scene) -> None:
    of_two_policies(scene)
    scene.take_all()

    again = scene.take_all()

    assert {one.decision for report in again for one in report.outcomes} == {Decision.DONE}
    assert len(scene.cloud.snapshot_list) == 2


def test_an_operation_is_never_longer_than_an_agent_takes(scene: Scene) -> None:
    ids = [f"disk-{number:08}" for number in range(60)]
    scene.cloud.disk_list = [disk(one) for one in ids]
    scene.host.plan_disks = frozenset(ids)

    report = scene.take(groups=tuple(Group(one, (one,), "ins-1") for one in ids))

    assert {one.label for one in report.outcomes} == {Label.APPLICATION}
    assert len(scene.host.operations[0]) <= 400


def test_what_was_never_made_is_taken_again_together_with_its_set(scene: Scene) -> None:
    scene.cloud.answers["disk-b"] = lost()

    report = scene.take()

    assert told(report)["disk-b"] == (Decision.TAKEN, Label.CRASH)
    assert "disk-a" in report.outcomes[1].reason
    assert len(scene.cloud.snapshot_list) == 2


def same_name(scene: Scene) -> None:
    """Have both policies call their group by the instance, as `group: instance` does."""
    of_two_policies(scene)
    scene.batch = replace(scene.batch, groups=tuple(replace(one, id="ins-1") for one in scene.batch.groups))


def test_groups_of_the_same_name_are_not_one_when_the_host_holds_them_apart(scene: Scene) -> None:
    same_name(scene)
    scene.host.plan_disks = frozenset({"disk-a"})

    orders, logs = scene.take_all()

    assert told(orders) == {"disk-a": (Decision.TAKEN, Label.APPLICATION)}
    assert told(logs) == {"disk-b": (Decision.FAILED, None)}


def test_of_groups_of_the_same_name_only_the_one_with_room_is_taken(scene: Scene) -> None:
    same_name(scene)
    scene.host.plan_disks = frozenset({"disk-a"})

    orders, logs = scene.take_all(quota=QuotaLimits(region=1), quiesce=None)

    assert told(orders) == {"disk-a": (Decision.TAKEN, Label.CRASH)}
    assert told(logs) == {"disk-b": (Decision.REFUSED, None)}
    assert len(scene.cloud.snapshot_list) == 1
