"""The bracket where the cloud refuses, loses an answer or is busy: looked into, tried again, taken once."""

from __future__ import annotations

from dataclasses import replace

from cbsnap.errors import (
    AlreadyTaken,
    CloudFault,
    QuotaExhausted,
    SnapshotInProgress,
    Throttled,
)
from cbsnap.jobs.take import take_batch
from cbsnap.model.cloud import Snapshot
from cbsnap.model.labels import Label
from cbsnap.model.plan import QuotaLimits
from cbsnap.model.policies import OnFailure, Quiesce
from cbsnap.model.runs import Decision, Group

from .fakes import NOON, REGION, FakeHosts, lost
from .scene import NAME_A, Scene, fleet


def test_a_lost_answer_is_settled_by_looking_and_never_promoted(scene: Scene) -> None:
    scene.cloud.answers["disk-a"] = lost()
    scene.cloud.made_all_the_same = {"disk-a"}
    scene.cloud.appears_after_s = 5

    report = scene.take()

    assert (report.outcomes[0].decision, report.outcomes[0].label) == (Decision.TAKEN, Label.CRASH)
    assert report.outcomes[0].snapshot_id == "snap-1"
    assert len(scene.cloud.snapshot_list) == 1


def test_a_fault_of_the_cloud_is_looked_into_like_a_lost_answer(scene: Scene) -> None:
    scene.cloud.answers["disk-a"] = CloudFault("InternalError", "sorry")
    scene.cloud.made_all_the_same = {"disk-a"}

    report = scene.take()

    assert (report.outcomes[0].snapshot_id, report.outcomes[0].label) == ("snap-1", Label.CRASH)
    assert len(scene.cloud.snapshot_list) == 1


def test_a_lost_request_is_sent_again_only_when_it_can_no_longer_be_accepted(scene: Scene) -> None:
    scene.cloud.answers["disk-a"] = lost()

    report = scene.take()

    assert scene.clock.waited_s > 300
    assert report.outcomes[0].label is Label.APPLICATION
    assert scene.cloud.log.count("create disk-a") == 2


def test_a_lost_request_stays_unknown_when_the_worker_has_no_time_to_settle_it(scene: Scene) -> None:
    scene.cloud.answers["disk-a"] = lost()

    (report,) = take_batch(
        replace(scene.batch, quiesce=None), scene.cloud, FakeHosts(scene.host), scene.clock, budget_s=60
    )

    assert report.outcomes[0].decision is Decision.UNKNOWN
    assert scene.cloud.log.count("create disk-a") == 1


def test_a_disk_of_which_somebody_else_makes_a_snapshot_waits_for_the_next_tick(scene: Scene) -> None:
    scene.cloud.answers["disk-a"] = SnapshotInProgress("InvalidDisk.SnapshotCreating", "another one")

    report = scene.take()

    assert report.outcomes[0].decision is Decision.DEFERRED


def test_a_snapshot_of_this_run_that_another_worker_makes_is_adopted(scene: Scene) -> None:
    def other_worker() -> None:
        scene.cloud.on_create = None
        scene.cloud.create_snapshots({"disk-a": NAME_A}, {}, 1)
        scene.cloud.answers["disk-a"] = SnapshotInProgress("InvalidDisk.SnapshotCreating", "another one")

    scene.cloud.on_create = other_worker

    report = scene.take()

    assert (report.outcomes[0].decision, report.outcomes[0].snapshot_id) == (Decision.ADOPTED, "snap-1")
    assert len(scene.cloud.snapshot_list) == 1


def test_what_the_hosts_journal_says_is_taken_is_not_taken_twice(scene: Scene) -> None:
    scene.cloud.snapshot_list.append(Snapshot("snap-9", REGION, "x", "disk-a", "NORMAL", 100, NOON, 10))
    scene.host.troubles["lease"] = [AlreadyTaken("taken", {"disk-a": "snap-9"})]

    report = scene.take()

    assert (report.outcomes[0].decision, report.outcomes[0].snapshot_id) == (Decision.ADOPTED, "snap-9")
    assert len(scene.cloud.snapshot_list) == 1


def test_a_snapshot_of_the_journal_that_has_vanished_is_taken_again(scene: Scene) -> None:
    scene.host.troubles["lease"] = [AlreadyTaken("taken", {"disk-a": "snap-9"})]

    report = scene.take()

    assert (report.outcomes[0].decision, report.outcomes[0].label) == (Decision.TAKEN, Label.APPLICATION)
    assert scene.host.operations[-1].endswith("/disk-a/after-snap-9")
    assert scene.clock.waited_s > 60


def test_a_request_waits_for_another_snapshot_to_end(scene: Scene) -> None:
    other = Snapshot("snap-x", REGION, "by hand", "disk-a", "CREATING", 50, NOON, 10)
    scene.cloud.snapshot_list.append(other)

    def ends_after_a_minute() -> None:
        if scene.clock.waited_s > 60:
            scene.cloud.snapshot_list[0] = replace(other, state="NORMAL", percent=100)

    watched = scene.clock.sleep

    def sleep(seconds: float) -> None:
        watched(seconds)
        ends_after_a_minute()

    scene.clock.sleep = sleep  # type: ignore[method-assign]

    report = scene.take(patience_s=600.0)

    assert report.outcomes[0].decision is Decision.TAKEN


def test_a_scheduled_run_does_not_wait_for_another_snapshot(scene: Scene) -> None:
    scene.cloud.snapshot_list.append(
        Snapshot("snap-x", REGION, "by hand", "disk-a", "CREATING", 50, NOON, 10)
    )

    report = scene.take()

    assert report.outcomes[0].decision is Decision.DEFERRED
    assert "snap-x" in report.outcomes[0].reason
    assert scene.clock.waited_s == 0


def test_no_room_means_no_lock(scene: Scene) -> None:
    report = scene.take(quota=QuotaLimits(region=0))

    assert report.outcomes[0].decision is Decision.REFUSED
    assert "needs 1, has 0 of 0" in report.outcomes[0].reason
    assert scene.cloud.log == ["look"]


def test_a_quota_error_at_creation_is_the_authority(scene: Scene) -> None:
    scene.cloud.answers["disk-a"] = QuotaExhausted("InsufficientSnapshotQuota", "full")

    report = scene.take()

    assert report.outcomes[0].decision is Decision.REFUSED
    assert scene.host.holding is None


def test_an_unknown_disk_is_refused_by_name(scene: Scene) -> None:
    report = scene.take(groups=(Group("disk-z", ("disk-z",)),))

    assert report.outcomes[0].decision is Decision.REFUSED
    assert REGION in report.outcomes[0].reason


def test_what_was_throttled_inside_the_lease_is_worth_one_more_call(scene: Scene) -> None:
    scene.cloud.answers["disk-a"] = Throttled("RequestLimitExceeded", "slow down")

    report = scene.take()

    assert report.outcomes[0].label is Label.APPLICATION
    assert scene.cloud.log[-3:] == ["create disk-a", "create disk-a", "release"]


def test_what_is_throttled_twice_is_left_and_the_host_released(scene: Scene) -> None:
    def again() -> None:
        scene.cloud.answers["disk-a"] = Throttled("RequestLimitExceeded", "slow down")

    scene.cloud.on_create = again

    report = scene.take()

    assert report.outcomes[0].decision is Decision.FAILED
    assert scene.host.holding is None


def test_what_was_throttled_is_tried_once_more_when_the_others_have_had_their_turn(scene: Scene) -> None:
    refusals = [Throttled("RequestLimitExceeded", "slow down")] * 2

    def until_others_are_done() -> None:
        if refusals:
            scene.cloud.answers["disk-a"] = refusals.pop()

    scene.cloud.on_create = until_others_are_done

    report = scene.take()

    assert (report.outcomes[0].decision, report.outcomes[0].label) == (Decision.TAKEN, Label.APPLICATION)
    assert scene.cloud.log.count("release") == 2


def test_what_was_throttled_without_a_plan_is_tried_once_more_too(scene: Scene) -> None:
    scene.cloud.answers["disk-a"] = Throttled("RequestLimitExceeded", "slow down")

    report = scene.take(quiesce=None)

    assert report.outcomes[0].decision is Decision.TAKEN


def test_a_member_taken_before_the_other_was_throttled_is_told_as_it_was_taken(scene: Scene) -> None:
    scene.both()
    refusals = [Throttled("RequestLimitExceeded", "slow down")] * 2

    def until_others_are_done() -> None:
        if refusals:
            scene.cloud.answers["disk-b"] = refusals.pop()

    scene.cloud.on_create = until_others_are_done

    report = scene.take()

    assert [one.decision for one in report.outcomes] == [Decision.TAKEN, Decision.TAKEN]
    assert [one.label for one in report.outcomes] == [Label.CRASH, Label.CRASH]
    assert len(scene.cloud.snapshot_list) == 2


def test_a_delayed_create_without_a_lease_looks_again_first(scene: Scene) -> None:
    def other_worker_meanwhile() -> None:
        scene.clock.sleep(5)
        scene.cloud.create_snapshots({"disk-a": NAME_A}, {}, 1)

    scene.host.on_check = other_worker_meanwhile
    scene.host.fails = ["a long query"]

    report = scene.take(quiesce=Quiesce("mysql", OnFailure.CRASH, tries=1))

    assert report.outcomes[0].decision is Decision.DONE
    assert len(scene.cloud.snapshot_list) == 1


def test_whoever_waits_for_somebody_elses_snapshot_does_not_keep_the_others(scene: Scene) -> None:
    groups = fleet(scene, 20)
    other = Snapshot("snap-x", REGION, "of somebody", "disk-003", "CREATING", 50, NOON, 10)
    scene.cloud.snapshot_list.append(other)

    report = scene.take(groups=groups, quiesce=None, patience_s=10.0)

    decisions = [one.decision for one in report.outcomes]
    assert (decisions.count(Decision.TAKEN), decisions.count(Decision.DEFERRED)) == (19, 1)
    assert scene.cloud.snapshot_list[1].disk_id == "disk-010"


def test_two_snapshots_of_one_run_are_reported(scene: Scene) -> None:
    for number in (1, 2):
        made = Snapshot(f"snap-{number}", REGION, NAME_A, "disk-a", "NORMAL", 100, NOON, 10)
        scene.cloud.snapshot_list.append(made)

    report = scene.take()

    assert report.outcomes[0].decision is Decision.DONE
    assert "snap-2" in report.outcomes[0].reason
