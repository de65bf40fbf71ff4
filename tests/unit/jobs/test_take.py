"""The bracket, against fakes with state: what is made, and what is claimed of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cbsnap.errors import (
    CloudFault,
    HostBusy,
)
from cbsnap.jobs.take import take_batch
from cbsnap.model.cloud import Snapshot
from cbsnap.model.labels import Label
from cbsnap.model.policies import OnFailure, Quiesce
from cbsnap.model.runs import Decision, Group, Run
from cbsnap.rules.names import snapshot_name

from .fakes import NOON, REGION, FakeHost, FakeHosts, disk, instance
from .scene import NAME_A, Scene, fleet


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


def test_what_is_sent_together_is_paid_for_before_the_next_lease(scene: Scene) -> None:
    scene.both()
    scene.cloud.disk_list.append(disk("disk-c", "ins-2"))
    scene.cloud.instance_list.append(instance("ins-2"))
    scene.others["ins-2"] = FakeHost(scene.clock, scene.cloud.log, frozenset({"disk-c"}))
    scene.others["ins-2"].on_check = lambda: scene.cloud.log.append(f"after {scene.clock.waited_s:.0f} s")

    scene.take(groups=(*scene.batch.groups, Group("ins-2", ("disk-c",))), rate_per_s=0.1)

    assert "after 20 s" in scene.cloud.log


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


def test_disks_that_need_nothing_cost_no_tokens(scene: Scene) -> None:
    scene.both()
    scene.take(quiesce=None)
    waited_s = scene.clock.waited_s

    scene.take(quiesce=None, rate_per_s=0.1)

    assert scene.clock.waited_s == waited_s


def test_a_worker_begins_at_its_place_among_the_others(scene: Scene) -> None:
    scene.take(begins_at=scene.clock.now() + timedelta(seconds=4))

    assert scene.clock.waited_s == 4


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


def test_what_there_is_no_time_for_is_left_to_the_next_hand_out(scene: Scene) -> None:
    scene.cloud.disk_list = [disk(f"disk-{number}") for number in range(60)]
    groups = tuple(Group(one.id, (one.id,)) for one in scene.cloud.disk_list)
    batch = replace(scene.batch, groups=groups, quiesce=None, rate_per_s=1.0)

    (report,) = take_batch(batch, scene.cloud, FakeHosts(scene.host), scene.clock, budget_s=20)

    decisions = [one.decision for one in report.outcomes]
    assert (decisions.count(Decision.TAKEN), decisions.count(Decision.DEFERRED)) == (30, 30)


def test_a_report_counts_tries_and_takes_times(scene: Scene) -> None:
    scene.host.fails = ["a long query"]
    scene.host.troubles["lease"] = [HostBusy("held by another", 20_000)]
    scene.cloud.on_create = lambda: scene.clock.sleep(0.25)

    report = scene.take()

    assert (report.outcomes[0].tries, report.outcomes[0].create_ms) == (2, 250)
    assert (report.began, report.ended) == (NOON, scene.clock.now())


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
