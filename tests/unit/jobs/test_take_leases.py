"""The bracket's leases, against fakes with state: when a host is held, how long, and that it is let go."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cbsnap.errors import (
    HostBusy,
    HostRefused,
    HostUnreachable,
    HostUntrusted,
    Refused,
)
from cbsnap.jobs.take import take_batch
from cbsnap.model.cloud import Snapshot
from cbsnap.model.labels import Label
from cbsnap.model.policies import OnFailure, Quiesce, Thaw, Transport
from cbsnap.model.runs import Decision, Group, Run
from cbsnap.rules.names import snapshot_name

from .fakes import NOON, REGION, FakeHosts
from .scene import NAME_A, Scene

if TYPE_CHECKING:
    from cbsnap.errors import HostError


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


def test_a_bug_in_one_group_ends_the_worker_with_every_host_released(scene: Scene) -> None:
    other = scene.on_two_hosts()
    scene.cloud.on_create = scene.explode
    groups = (Group("disk-a", ("disk-a",)), Group("disk-b", ("disk-b",)))

    with pytest.raises(RuntimeError):
        scene.take(groups=groups)

    assert scene.host.holding is None
    assert other.holding is None


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
