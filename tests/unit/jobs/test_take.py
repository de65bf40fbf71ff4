"""The bracket, against fakes with state: what is locked, what is made, what is claimed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cbsnap.errors import (
    AlreadyTaken,
    CloudFault,
    DiskBusy,
    HostBusy,
    HostRefused,
    HostUnreachable,
    HostUntrusted,
    QuotaExhausted,
    Refused,
    SnapshotInProgress,
    Throttled,
)
from cbsnap.jobs.take import take_batch
from cbsnap.model import (
    Batch,
    Decision,
    Group,
    Label,
    OnFailure,
    Quiesce,
    QuotaLimits,
    Report,
    Run,
    Snapshot,
    Thaw,
    Transport,
)
from cbsnap.rules.names import snapshot_name

from .fakes import HERE, NOON, REGION, FakeClock, FakeCloud, FakeHost, FakeHosts, disk, instance, lost

if TYPE_CHECKING:
    from cbsnap.errors import HostError

NAME_A = "orders.20261122T0400Z.a"


class Scene:
    """One instance with two data disks, an agent with one plan, and a worker."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cloud = FakeCloud(self.clock, [disk("disk-a"), disk("disk-b")], [instance()])
        self.host = FakeHost(self.clock, self.cloud.log)
        self.others: dict[str, FakeHost] = {}
        self.hosts = FakeHosts(self.host, self.others)
        self.batch = Batch(
            Run("orders", NOON),
            HERE,
            "prod",
            (Group("disk-a", ("disk-a",)),),
            not_after=NOON + timedelta(hours=1),
            deliver_by=NOON + timedelta(minutes=5),
            quiesce=Quiesce("mysql"),
            quota=QuotaLimits(region=100),
        )

    def take(self, **changes: object) -> Report:
        (report,) = self.take_all(**changes)
        return report

    def take_all(self, **changes: object) -> list[Report]:
        batch = replace(self.batch, **changes)  # type: ignore[arg-type]
        self.hosts = FakeHosts(self.host, self.others)
        return take_batch(batch, self.cloud, self.hosts, self.clock, budget_s=880)

    def on_two_hosts(self) -> FakeHost:
        """Put disk-b on another instance, in one group with disk-a."""
        self.cloud.disk_list[1] = disk("disk-b", "ins-2")
        self.cloud.instance_list.append(instance("ins-2"))
        self.others["ins-2"] = FakeHost(self.clock, self.cloud.log, frozenset({"disk-b"}))
        self.batch = replace(self.batch, groups=(Group("app=orders", ("disk-a", "disk-b")),))
        return self.others["ins-2"]

    def explode(self) -> None:
        raise RuntimeError("a bug")

    def both(self) -> None:
        self.host.plan_disks = frozenset({"disk-a", "disk-b"})
        self.batch = replace(self.batch, groups=(Group("ins-1", ("disk-a", "disk-b")),))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_takes_inside_the_lease_and_labels_what_the_host_proved(scene: Scene) -> None:
    report = scene.take()

    (outcome,) = report.outcomes
    assert (outcome.decision, outcome.label, outcome.locked_ms) == (Decision.TAKEN, Label.APPLICATION, 7)
    assert scene.cloud.log == ["look", "warm 1", "lease disk-a", "create disk-a", "release"]
    assert scene.host.released_with == {"disk-a": "snap-1"}
    assert scene.cloud.labels == {"snap-1": "application"}
    assert scene.cloud.snapshot_list[0].name == NAME_A
    assert scene.cloud.snapshot_list[0].tags == {"cbsnap:policy": "orders", "cbsnap:deployment": "prod"}
    assert report.quota_left == 99
    assert report.proofs[0].covers == ("disk-a lock+sync",)
    assert report.proofs[0].cut == "assumed at return"


def test_where_commands_are_the_way_more_of_the_lease_is_kept_for_the_release(scene: Scene) -> None:
    scene.take(quiesce=Quiesce("mysql", transport=Transport.TAT))
    by_command_s, way = scene.cloud.create_timeout_s, scene.hosts.transport
    other = Scene()
    other.take()

    assert (way, other.hosts.transport) == (Transport.TAT, Transport.HTTP)
    assert other.cloud.create_timeout_s - by_command_s == pytest.approx(7)


def test_where_commands_are_the_way_their_time_must_be_left_too(scene: Scene) -> None:
    (outcome,) = scene.take(quiesce=Quiesce("mysql", budget_s=840, transport=Transport.TAT)).outcomes

    assert outcome.decision is Decision.FAILED
    assert "no time left for another lease" in outcome.reason
    assert "lease disk-a" not in scene.cloud.log


def test_the_same_batch_again_takes_nothing(scene: Scene) -> None:
    scene.take()

    again = scene.take()

    assert again.outcomes[0].decision is Decision.DONE
    assert len(scene.cloud.snapshot_list) == 1
    assert scene.host.holding is None


def test_a_label_that_somebody_scribbled_on_claims_nothing(scene: Scene) -> None:
    scene.take()
    scene.cloud.snapshot_list[0] = replace(scene.cloud.snapshot_list[0], tags={"cbsnap:label": "perfect"})

    again = scene.take()

    assert (again.outcomes[0].decision, again.outcomes[0].label) == (Decision.DONE, None)


def test_a_request_with_the_same_key_at_another_time_takes_nothing(scene: Scene) -> None:
    scene.take(run=Run("manual", NOON, "release-7"))

    again = scene.take(run=Run("manual", NOON + timedelta(minutes=5), "release-7"))

    assert again.outcomes[0].decision is Decision.DONE


def test_without_a_plan_nothing_is_locked_and_nothing_claimed(scene: Scene) -> None:
    report = scene.take(quiesce=None)

    assert report.outcomes[0].label is Label.CRASH
    assert scene.cloud.log == ["look", "create disk-a"]


def test_a_disk_that_nobody_can_write_to_is_told_apart(scene: Scene) -> None:
    scene.cloud.disk_list[0] = disk("disk-a", instance=None)

    report = scene.take()

    assert report.outcomes[0].label is Label.CRASH
    assert report.outcomes[0].reason.startswith("no-writer")


def test_a_broken_lease_makes_the_snapshot_crash_consistent(scene: Scene) -> None:
    scene.host.breaks = "somebody thawed /data"

    report = scene.take()

    assert report.outcomes[0].label is Label.CRASH
    assert "somebody thawed /data" in report.outcomes[0].reason
    assert (scene.cloud.labels, scene.cloud.losses) == ({"snap-1": "crash"}, {"snap-1": "broken"})


def test_a_release_that_nobody_confirms_leaves_the_snapshot_unproven(scene: Scene) -> None:
    scene.host.troubles["release"] = [HostUnreachable("gone")] * 60

    report = scene.take()

    assert report.outcomes[0].label is None
    assert scene.cloud.labels == {}
    assert 30 <= scene.clock.waited_s < 40


def test_a_release_is_repeated_until_it_is_answered(scene: Scene) -> None:
    scene.host.troubles["release"] = [HostUnreachable("once")]

    report = scene.take()

    assert report.outcomes[0].label is Label.APPLICATION


def test_an_agent_started_anew_proves_nothing(scene: Scene) -> None:
    scene.host.troubles["release"] = [HostRefused("unknown-lease", "", "another boot")]

    report = scene.take()

    assert report.outcomes[0].label is None


def test_the_host_is_released_when_creating_fails(scene: Scene) -> None:
    scene.cloud.answers["disk-a"] = Refused("InvalidDisk.NotSupportSnapshot", "no")

    report = scene.take()

    assert report.outcomes[0].decision is Decision.REFUSED
    assert scene.host.holding is None
    assert scene.host.released_with == {}


def test_the_host_is_released_when_the_worker_itself_breaks(scene: Scene) -> None:
    scene.cloud.on_create = scene.explode

    with pytest.raises(RuntimeError):
        scene.take()

    assert scene.cloud.log[-1] == "release"
    assert scene.host.holding is None
    assert scene.host.closed


def test_a_lease_whose_answer_was_lost_is_let_go_before_the_next_try(scene: Scene) -> None:
    scene.host.troubles["lease"] = [HostUnreachable("cut")]

    report = scene.take()

    assert scene.cloud.log == [
        "look",
        "warm 1",
        "lease disk-a",
        "release",
        "look",
        "warm 1",
        "lease disk-a",
        "create disk-a",
        "release",
    ]
    assert report.outcomes[0].label is Label.APPLICATION


def test_a_lock_that_could_not_be_had_is_tried_as_often_as_the_policy_says(scene: Scene) -> None:
    scene.host.fails = ["a long query", "a long query"]

    report = scene.take(quiesce=Quiesce("mysql", tries=2))

    assert report.outcomes[0].decision is Decision.FAILED
    assert "a long query" in report.outcomes[0].reason
    assert scene.cloud.snapshot_list == []


def test_on_failure_crash_takes_the_snapshot_and_says_so(scene: Scene) -> None:
    scene.host.fails = ["a long query"]

    report = scene.take(quiesce=Quiesce("mysql", OnFailure.CRASH, tries=1))

    assert (report.outcomes[0].decision, report.outcomes[0].label) == (Decision.TAKEN, Label.CRASH)
    assert "a long query" in report.outcomes[0].reason


@pytest.mark.parametrize(
    "trouble", [HostRefused("unknown-plan", "plan", "no plan mysql"), HostUntrusted("another key")]
)
def test_what_trying_again_cannot_mend_is_tried_once(scene: Scene, trouble: HostError) -> None:
    scene.host.troubles["check"] = [trouble]

    report = scene.take(quiesce=Quiesce("mysql", tries=5))

    assert report.outcomes[0].decision is Decision.FAILED
    assert str(trouble) in report.outcomes[0].reason
    assert scene.cloud.log == ["look"]


def test_a_busy_host_is_waited_for_and_is_no_failed_try(scene: Scene) -> None:
    scene.host.troubles["lease"] = [HostBusy("held by another", 20_000)] * 3

    report = scene.take(quiesce=Quiesce("mysql", tries=1))

    assert report.outcomes[0].label is Label.APPLICATION
    assert scene.clock.waited_s == 60


def test_a_busy_host_is_not_waited_for_beyond_the_window(scene: Scene) -> None:
    scene.host.troubles["lease"] = [HostBusy("held by another", 20_000)] * 3

    report = scene.take(not_after=NOON + timedelta(seconds=30))

    assert report.outcomes[0].decision is Decision.FAILED
    assert scene.cloud.snapshot_list == []


def test_a_batch_that_the_platform_kept_too_long_touches_nothing(scene: Scene) -> None:
    report = scene.take(deliver_by=NOON - timedelta(seconds=1))

    assert report.outcomes[0].decision is Decision.DEFERRED
    assert scene.cloud.log == []


def test_no_host_is_locked_after_the_window(scene: Scene) -> None:
    report = scene.take(not_after=NOON - timedelta(seconds=1))

    assert report.outcomes[0].decision is Decision.FAILED
    assert "window" in report.outcomes[0].reason
    assert "lease disk-a" not in scene.cloud.log


def test_a_plan_that_writes_elsewhere_is_refused_by_name(scene: Scene) -> None:
    scene.host.plan_disks = frozenset({"disk-a", "disk-wal"})

    report = scene.take()

    assert report.outcomes[0].decision is Decision.FAILED
    assert "disk-wal" in report.outcomes[0].reason
    assert "lease" not in " ".join(scene.cloud.log)


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


@pytest.mark.parametrize(
    ("thaw", "cut"), [(Thaw.VISIBLE, "assumed when its row showed"), (Thaw.NORMAL, "before NORMAL")]
)
def test_a_later_thaw_point_is_waited_for_inside_the_lease(scene: Scene, thaw: Thaw, cut: str) -> None:
    scene.cloud.appears_after_s = 2
    if thaw is Thaw.NORMAL:
        sleep = scene.clock.sleep

        def grow(seconds: float) -> None:
            sleep(seconds)
            scene.cloud.snapshot_list[0] = replace(scene.cloud.snapshot_list[0], state="NORMAL")

        scene.clock.sleep = grow  # type: ignore[method-assign]

    report = scene.take(quiesce=Quiesce("mysql", thaw=thaw))

    assert report.outcomes[0].label is Label.APPLICATION
    assert report.proofs[0].cut == cut
    assert scene.clock.waited_s > 1.9


def test_a_thaw_point_that_is_not_reached_in_the_lease_is_not_claimed(scene: Scene) -> None:
    report = scene.take(quiesce=Quiesce("mysql", thaw=Thaw.NORMAL))

    assert report.outcomes[0].label is Label.CRASH
    assert "normal" in report.outcomes[0].reason
    assert scene.clock.waited_s < 30


def test_no_lease_is_begun_that_the_invocation_could_not_end(scene: Scene) -> None:
    (report,) = take_batch(scene.batch, scene.cloud, FakeHosts(scene.host), scene.clock, budget_s=100)

    assert report.outcomes[0].decision is Decision.FAILED
    assert "time" in report.outcomes[0].reason
    assert "lease disk-a" not in scene.cloud.log


def test_what_is_sent_together_is_paid_for_before_the_next_lease(scene: Scene) -> None:
    scene.both()
    scene.cloud.disk_list.append(disk("disk-c", "ins-2"))
    scene.cloud.instance_list.append(instance("ins-2"))
    scene.others["ins-2"] = FakeHost(scene.clock, scene.cloud.log, frozenset({"disk-c"}))
    scene.others["ins-2"].on_check = lambda: scene.cloud.log.append(f"after {scene.clock.waited_s:.0f} s")

    scene.take(groups=(*scene.batch.groups, Group("ins-2", ("disk-c",))), rate_per_s=0.1)

    assert "after 20 s" in scene.cloud.log


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


@pytest.mark.parametrize("state", ["REBOOTING", "STOPPING", "PENDING"])
def test_an_instance_between_states_may_have_a_writer_whom_nobody_holds(scene: Scene, state: str) -> None:
    scene.cloud.instance_list = [instance(state=state)]

    report = scene.take()

    assert report.outcomes[0].decision is Decision.FAILED
    assert f"ins-1 is {state}" in report.outcomes[0].reason
    assert scene.cloud.snapshot_list == []


def test_an_instance_that_cannot_be_found_is_no_proof_of_no_writer(scene: Scene) -> None:
    scene.cloud.instance_list = []

    report = scene.take(quiesce=Quiesce("mysql", OnFailure.CRASH))

    assert report.outcomes[0].label is Label.CRASH
    assert "not to be found" in report.outcomes[0].reason


def test_a_stopped_instances_disk_has_no_writer(scene: Scene) -> None:
    scene.cloud.instance_list = [instance(state="STOPPED")]

    report = scene.take()

    assert report.outcomes[0].reason.startswith("no-writer")


def test_what_a_host_says_is_wrong_with_a_plan_is_told_before_any_lease(scene: Scene) -> None:
    scene.host.problems = ("/data/orders.db is not there",)

    report = scene.take()

    assert "/data/orders.db is not there" in report.outcomes[0].reason
    assert "lease disk-a" not in scene.cloud.log


@pytest.mark.parametrize("trouble", [HostUntrusted("another key"), ValueError("a defect of ours")])
def test_a_lease_whose_answer_cannot_be_used_is_let_go(scene: Scene, trouble: Exception) -> None:
    scene.host.unusable = trouble

    with suppress(ValueError):
        scene.take()

    assert scene.host.holding is None
    assert scene.cloud.log[-1] == "release"


def test_no_create_is_sent_when_the_lease_leaves_no_time_for_it(scene: Scene) -> None:
    report = scene.take(quiesce=Quiesce("mysql", ttl_s=3, tries=1))

    assert report.outcomes[0].decision is Decision.FAILED
    assert "create disk-a" not in scene.cloud.log
    assert scene.host.holding is None


def test_a_delayed_create_without_a_lease_looks_again_first(scene: Scene) -> None:
    def other_worker_meanwhile() -> None:
        scene.clock.sleep(5)
        scene.cloud.create_snapshots({"disk-a": NAME_A}, {}, 1)

    scene.host.on_check = other_worker_meanwhile
    scene.host.fails = ["a long query"]

    report = scene.take(quiesce=Quiesce("mysql", OnFailure.CRASH, tries=1))

    assert report.outcomes[0].decision is Decision.DONE
    assert len(scene.cloud.snapshot_list) == 1


def test_disks_that_need_nothing_cost_no_tokens(scene: Scene) -> None:
    scene.both()
    scene.take(quiesce=None)
    waited_s = scene.clock.waited_s

    scene.take(quiesce=None, rate_per_s=0.1)

    assert scene.clock.waited_s == waited_s


def test_a_worker_begins_at_its_place_among_the_others(scene: Scene) -> None:
    scene.take(begins_at=scene.clock.now() + timedelta(seconds=4))

    assert scene.clock.waited_s == 4


def fleet(scene: Scene, disks: int) -> tuple[Group, ...]:
    scene.cloud.disk_list = [disk(f"disk-{number:03}") for number in range(disks)]
    return tuple(Group(one.id, (one.id,)) for one in scene.cloud.disk_list)


def test_snapshots_are_looked_at_ten_disks_a_call(scene: Scene) -> None:
    groups = fleet(scene, 30)

    scene.take(groups=groups, quiesce=None, rate_per_s=1000.0)

    assert scene.cloud.log.count("look") == 3


def test_labels_are_written_as_soon_as_a_call_is_full(scene: Scene) -> None:
    groups = fleet(scene, 30)

    scene.take(groups=groups, quiesce=None)

    assert len(scene.cloud.labels) == 30
    assert scene.cloud.labelled == [9, 9, 9, 3]


def test_a_label_that_could_not_be_written_is_told_with_its_snapshot(scene: Scene) -> None:
    scene.cloud.tag_failures = [CloudFault("InternalError", "later")]

    report = scene.take()

    assert report.outcomes[0].label is Label.APPLICATION
    assert "the tag cbsnap:label is not written yet" in report.outcomes[0].reason


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


def test_what_there_is_no_time_for_is_left_to_the_next_hand_out(scene: Scene) -> None:
    scene.cloud.disk_list = [disk(f"disk-{number}") for number in range(60)]
    groups = tuple(Group(one.id, (one.id,)) for one in scene.cloud.disk_list)
    batch = replace(scene.batch, groups=groups, quiesce=None, rate_per_s=1.0)

    (report,) = take_batch(batch, scene.cloud, FakeHosts(scene.host), scene.clock, budget_s=20)

    decisions = [one.decision for one in report.outcomes]
    assert (decisions.count(Decision.TAKEN), decisions.count(Decision.DEFERRED)) == (30, 30)


def test_what_a_holder_made_before_it_died_is_found_before_the_next_try(scene: Scene) -> None:
    def holder_dies_after_its_create() -> None:
        scene.host.on_check = None
        scene.cloud.create_snapshots({"disk-a": NAME_A}, {}, 1)

    scene.host.on_check = holder_dies_after_its_create
    scene.host.troubles["lease"] = [HostBusy("held by another", 20_000)]

    report = scene.take()

    assert (report.outcomes[0].decision, report.outcomes[0].label) == (Decision.DONE, None)
    assert len(scene.cloud.snapshot_list) == 1
    assert scene.host.holding is None


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


def test_a_report_counts_tries_and_takes_times(scene: Scene) -> None:
    scene.host.fails = ["a long query"]
    scene.host.troubles["lease"] = [HostBusy("held by another", 20_000)]
    scene.cloud.on_create = lambda: scene.clock.sleep(0.25)

    report = scene.take()

    assert (report.outcomes[0].tries, report.outcomes[0].create_ms) == (2, 250)
    assert (report.began, report.ended) == (NOON, scene.clock.now())


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


def test_a_bug_in_one_group_ends_the_worker_with_every_host_released(scene: Scene) -> None:
    other = scene.on_two_hosts()
    scene.cloud.on_create = scene.explode
    groups = (Group("disk-a", ("disk-a",)), Group("disk-b", ("disk-b",)))

    with pytest.raises(RuntimeError):
        scene.take(groups=groups)

    assert scene.host.holding is None
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


@pytest.mark.parametrize(("run", "busy_for_s"), [(Run("orders", NOON), 60), (Run("orders", NOON, "k"), 5)])
def test_what_was_looked_at_long_ago_is_looked_at_again_before_the_lease(
    scene: Scene, run: Run, busy_for_s: float
) -> None:
    other = scene.on_two_hosts()
    groups = (Group("disk-a", ("disk-a",), "c1"), Group("disk-b", ("disk-b",), "c1"))

    def somebody_takes_b() -> None:
        scene.clock.sleep(busy_for_s)
        made = Snapshot("snap-x", REGION, snapshot_name(run, "disk-b"), "disk-b", "NORMAL", 100, NOON, 10)
        scene.cloud.snapshot_list.append(made)

    scene.host.on_check = somebody_takes_b

    report = scene.take(run=run, groups=groups)

    assert [one.decision for one in report.outcomes] == [Decision.TAKEN, Decision.DONE]
    assert other.operations == []


def test_an_instance_is_not_stopped_for_what_somebody_took_meanwhile(scene: Scene) -> None:
    scene.on_two_hosts()
    groups = (Group("disk-a", ("disk-a",), "c1"), Group("disk-b", ("disk-b",), "c1"))

    def somebody_takes_b() -> None:
        scene.clock.sleep(5)
        name = snapshot_name(scene.batch.run, "disk-b")
        made = Snapshot("snap-x", REGION, name, "disk-b", "NORMAL", 100, NOON, 10)
        scene.cloud.snapshot_list.append(made)
        scene.cloud.on_create = None

    scene.cloud.on_create = somebody_takes_b

    report = scene.take(groups=groups, quiesce=Quiesce(""))

    assert [one.decision for one in report.outcomes] == [Decision.TAKEN, Decision.DONE]
    assert "stop ins-2" not in scene.cloud.log
