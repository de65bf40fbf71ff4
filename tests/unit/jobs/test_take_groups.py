"""The bracket over several disks and hosts: what is taken at one moment, and how one member fares for all."""

from __future__ import annotations

import pytest
from cbsnap.errors import (
    DiskBusy,
    HostBusy,
    HostRefused,
)
from cbsnap.model.labels import Label
from cbsnap.model.policies import Quiesce
from cbsnap.model.runs import Decision, Group

from .scene import NAME_A, Scene


def test_a_disk_beside_the_plan_is_taken_at_the_same_moment_but_not_promoted(scene: Scene) -> None:
    scene.both()
    scene.host.plan_disks = frozenset({"disk-a"})

    report = scene.take()

    assert [one.label for one in report.outcomes] == [Label.APPLICATION, Label.CRASH]
    assert scene.cloud.log[-2:] == ["create disk-a disk-b", "release"]


def test_one_member_that_fails_demotes_the_others_of_its_moment(scene: Scene) -> None:
    scene.both()
    scene.cloud.answers["disk-b"] = DiskBusy("InvalidDisk.Busy", "sorry")

    report = scene.take()

    assert (report.outcomes[0].decision, report.outcomes[0].label) == (Decision.TAKEN, Label.CRASH)
    assert "disk-b" in report.outcomes[0].reason
    assert report.outcomes[1].decision is Decision.DEFERRED


def test_the_rest_of_a_group_is_taken_later_under_a_lease_of_the_whole(scene: Scene) -> None:
    scene.both()
    scene.cloud.answers["disk-b"] = DiskBusy("InvalidDisk.Busy", "sorry")
    scene.take()
    scene.cloud.log.clear()

    report = scene.take()

    assert "lease disk-a disk-b" in scene.cloud.log
    assert "create disk-b" in scene.cloud.log
    assert [one.decision for one in report.outcomes] == [Decision.DONE, Decision.TAKEN]
    assert report.outcomes[1].label is Label.CRASH


def test_a_group_across_hosts_is_taken_while_all_are_held(scene: Scene) -> None:
    other = scene.on_two_hosts()

    report = scene.take()

    log = scene.cloud.log
    assert log[log.index("lease disk-a") :] == [
        "lease disk-a",
        "lease disk-b",
        "create disk-a disk-b",
        "release",
        "release",
    ]
    assert [one.label for one in report.outcomes] == [Label.APPLICATION, Label.APPLICATION]
    assert scene.host.released_with == other.released_with == {"disk-a": "snap-1", "disk-b": "snap-2"}
    assert len(report.proofs) == 2


def test_a_second_host_that_cannot_be_held_frees_the_first_at_once(scene: Scene) -> None:
    other = scene.on_two_hosts()
    other.fails = ["a long query"]

    report = scene.take(quiesce=Quiesce("mysql", tries=1))

    assert {one.decision for one in report.outcomes} == {Decision.FAILED}
    assert scene.host.holding is None
    assert "create disk-a disk-b" not in scene.cloud.log


def test_no_host_is_held_while_another_is_waited_for(scene: Scene) -> None:
    other = scene.on_two_hosts()
    other.troubles["lease"] = [HostBusy("held by another", 20_000)]

    report = scene.take()

    log = scene.cloud.log
    assert log[log.index("lease disk-a") :][:3] == ["lease disk-a", "lease disk-b", "release"]
    assert [one.label for one in report.outcomes] == [Label.APPLICATION, Label.APPLICATION]


def test_one_broken_host_demotes_the_whole_group(scene: Scene) -> None:
    other = scene.on_two_hosts()
    other.breaks = "the session was killed"

    report = scene.take()

    assert [one.label for one in report.outcomes] == [Label.CRASH, Label.CRASH]


def test_one_unconfirmed_host_leaves_the_whole_group_unproven(scene: Scene) -> None:
    other = scene.on_two_hosts()
    other.troubles["release"] = [HostRefused("unknown-lease", "", "another boot")]

    report = scene.take()

    assert [one.label for one in report.outcomes] == [None, None]


def test_groups_of_one_chain_are_never_held_together(scene: Scene) -> None:
    other = scene.on_two_hosts()
    held_together: list[bool] = []
    scene.cloud.on_create = lambda: held_together.append(bool(scene.host.holding and other.holding))
    groups = (Group("disk-a", ("disk-a",), "c1"), Group("disk-b", ("disk-b",), "c1"))

    report = scene.take(groups=groups)

    assert [one.label for one in report.outcomes] == [Label.APPLICATION, Label.APPLICATION]
    assert held_together == [False, False]


def test_what_was_found_between_two_tries_is_told_though_a_later_try_fails(scene: Scene) -> None:
    def another_worker_takes_one_of_two() -> None:
        scene.host.on_check = None
        scene.cloud.create_snapshots({"disk-a": NAME_A}, {}, 1)

    scene.both()
    scene.host.on_check = another_worker_takes_one_of_two
    scene.host.fails = ["a long query", "a long query"]

    report = scene.take()

    told = {one.disk_id: (one.decision, one.snapshot_id) for one in report.outcomes}
    assert told == {"disk-a": (Decision.DONE, "snap-1"), "disk-b": (Decision.FAILED, None)}


def test_a_bug_at_one_host_leaves_no_other_locked(scene: Scene) -> None:
    other = scene.on_two_hosts()
    other.unusable = ValueError("a defect of ours")

    with pytest.raises(ValueError, match="a defect"):
        scene.take()

    assert scene.host.holding is None
    assert other.holding is None


def test_a_bug_in_one_release_does_not_keep_another_back(scene: Scene) -> None:
    other = scene.on_two_hosts()
    scene.host.troubles["release"] = [ValueError("a defect of ours")]  # type: ignore[list-item]

    with pytest.raises(ValueError, match="a defect"):
        scene.take()

    assert other.holding is None


def test_what_was_found_between_several_tries_is_told_once_each(scene: Scene) -> None:
    waiting = ["a", "b"]

    def another_worker_takes_the_next() -> None:
        if waiting:
            letter = waiting.pop(0)
            scene.cloud.create_snapshots({f"disk-{letter}": f"orders.20261122T0400Z.{letter}"}, {}, 1)

    scene.both()
    scene.host.on_check = another_worker_takes_the_next
    scene.host.fails = ["a long query"] * 3

    report = scene.take(quiesce=Quiesce("mysql", tries=4))

    assert [(one.disk_id, one.decision) for one in report.outcomes] == [
        ("disk-a", Decision.DONE),
        ("disk-b", Decision.DONE),
    ]
