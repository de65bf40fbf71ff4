"""Policies that are due together on the same hosts or disks: one lease for all, one snapshot at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cbsnap.jobs.plan import tick
from cbsnap.model.policies import Grouping, Quiesce
from cbsnap.model.runs import Batch, Decision, Run
from cbsnap.rules.pacing import AGAIN, TICK

from .fakes import NOON, disk
from .test_plan import DATA, Regions, Scene, decisions, many, one_disk

OTHERS = Run("second", NOON)


@pytest.fixture
def scene() -> Scene:
    """Two policies, each with one of the disks of an instance."""
    scene = Scene()
    scene.plan = replace(scene.plan, policies=(one_disk("first", "disk-a"), one_disk("second", "disk-b")))
    return scene


def runs(batch: Batch) -> dict[str, str]:
    return {one: batch.run_of(one).policy for group in batch.groups for one in group.disk_ids}


def second(scene: Scene, **changes: object) -> None:
    policies = (scene.plan.policies[0], replace(scene.plan.policies[1], **changes))  # type: ignore[arg-type]
    scene.plan = replace(scene.plan, policies=policies)


def test_policies_with_the_same_plan_go_to_one_worker_for_a_host(scene: Scene) -> None:
    first, other = scene.tick()

    (batch,) = scene.workers.batches
    assert (batch.run, batch.beside) == (Run("first", NOON), (OTHERS,))
    assert runs(batch) == {"disk-a": "first", "disk-b": "second"}
    assert {group.chain for group in batch.groups} == {"ins-1"}
    assert first.batches == other.batches == ("request-1",)


def test_only_what_meets_on_a_host_is_moved(scene: Scene) -> None:
    scene.cloud.disk_list += [disk("disk-far", "ins-2")]
    second(scene, select=replace(DATA.select, disks=frozenset({"disk-b", "disk-far"})))

    _, other = scene.tick()

    together, alone = scene.workers.batches
    assert runs(together) == {"disk-a": "first", "disk-b": "second"}
    assert (alone.run, runs(alone)) == (OTHERS, {"disk-far": "second"})
    assert other.batches == ("request-1", "request-2")


def test_the_earlier_end_of_a_window_is_that_of_all_who_share(scene: Scene) -> None:
    second(scene, window=timedelta(minutes=30))

    scene.tick()

    (batch,) = scene.workers.batches
    assert batch.run == OTHERS
    assert batch.not_after == NOON + timedelta(minutes=30)
    assert runs(batch) == {"disk-a": "first", "disk-b": "second"}


@pytest.mark.parametrize(
    "difference",
    [
        {"quiesce": Quiesce("mysql", ttl_s=40)},
        {"quiesce": None},
        {"max_held": 1},
        {"one_at_a_time": "cluster"},
    ],
)
def test_policies_that_hold_hosts_otherwise_share_nothing(
    scene: Scene, difference: dict[str, object]
) -> None:
    second(scene, **difference)

    scene.tick()

    assert [runs(batch) for batch in scene.workers.batches] == [{"disk-a": "first"}, {"disk-b": "second"}]


def test_what_was_taken_earlier_goes_along_with_the_rest_on_its_host(scene: Scene) -> None:
    scene.has("disk-a", "first.20261122T0400Z.a")

    first, _ = scene.tick()

    (batch,) = scene.workers.batches
    assert (batch.run, runs(batch)) == (OTHERS, {"disk-b": "second", "disk-a": "first"})
    assert decisions(first) == {"disk-a": Decision.DONE}


def test_what_is_taken_on_other_hosts_does_not_go_along(scene: Scene) -> None:
    scene.cloud.disk_list[0] = disk("disk-a", "ins-9")
    scene.has("disk-a", "first.20261122T0400Z.a")

    scene.tick()

    assert [runs(batch) for batch in scene.workers.batches] == [{"disk-b": "second"}]


def test_groups_of_one_policy_that_meet_on_a_host_go_to_one_worker(scene: Scene) -> None:
    many(scene, 1000, per_instance=4)
    scene.plan = replace(scene.plan, policies=(DATA,))

    scene.tick()

    of_hosts = [{group.chain for group in batch.groups} for batch in scene.workers.batches]
    assert len(scene.workers.batches) == 4
    assert sum(map(len, of_hosts)) == len(set().union(*of_hosts)) == 250


def test_a_long_run_before_it_does_not_part_a_policy_from_its_hosts(scene: Scene) -> None:
    many(scene, 3500)
    ids = [one.id for one in scene.cloud.disk_list]
    scene.cloud.disk_list += [disk("disk-b", "ins-00000")]
    first, other = scene.plan.policies
    rest = replace(first, select=replace(first.select, disks=frozenset(ids)))
    scene.plan = replace(scene.plan, policies=(rest, other))

    _, report = scene.tick()

    assert decisions(report) == {"disk-b": Decision.DISPATCHED}


def test_of_one_disk_the_second_policy_waits_and_says_for_whom(scene: Scene) -> None:
    second(scene, group=Grouping.INSTANCE, select=replace(DATA.select, disks=frozenset({"disk-a", "disk-b"})))

    _, waits = scene.tick()

    assert [runs(batch) for batch in scene.workers.batches] == [{"disk-a": "first"}]
    assert set(decisions(waits).values()) == {Decision.DEFERRED}
    assert "its next turn comes at 04:05 UTC" in waits.outcomes[0].reason


def test_of_one_disk_the_second_policy_follows_in_the_next_tick(scene: Scene) -> None:
    second(scene, select=replace(DATA.select, disks=frozenset({"disk-a"})))
    scene.tick()
    scene.has("disk-a", "first.20261122T0400Z.a")
    scene.clock.time += TICK

    _, follows = scene.tick()

    assert decisions(follows) == {"disk-a": Decision.DISPATCHED}
    assert scene.workers.batches[-1].run == OTHERS


def test_of_one_disk_two_policies_never_have_their_turn_together(scene: Scene) -> None:
    second(scene, select=replace(DATA.select, disks=frozenset({"disk-a"})))

    for _ in range(2 * AGAIN):
        before = len(scene.workers.batches)
        scene.tick()
        scene.clock.time += TICK

        assert len(scene.workers.batches) - before <= 1

    assert [batch.run.policy for batch in scene.workers.batches] == ["first", "second"] * 2


def test_whoever_comes_at_once_waits_for_the_disk_all_the_same(scene: Scene) -> None:
    second(scene, select=replace(DATA.select, disks=frozenset({"disk-a"})))

    _, waits = tick(scene.plan, Regions(scene.cloud), scene.workers, scene.clock, at_once=True)

    assert len(scene.workers.batches) == 1
    assert "disk-a is taken for first@20261122T0400Z first" in waits.outcomes[0].reason


def test_a_disk_that_both_had_goes_along_once(scene: Scene) -> None:
    first = replace(
        scene.plan.policies[0], select=replace(DATA.select, disks=frozenset({"disk-a", "disk-b"}))
    )
    scene.plan = replace(scene.plan, policies=(first, scene.plan.policies[1]))
    scene.has("disk-a", "first.20261122T0400Z.a")
    scene.has("disk-b", "first.20261122T0400Z.b")
    scene.clock.time += TICK

    scene.tick()

    (batch,) = scene.workers.batches
    assert sorted(one for group in batch.groups for one in group.disk_ids) == ["disk-a", "disk-b"]
    assert runs(batch) == {"disk-a": "first", "disk-b": "second"}


def test_a_disk_of_two_policies_is_never_in_one_hand_out_twice(scene: Scene) -> None:
    second(scene, group=Grouping.INSTANCE, select=replace(DATA.select, disks=frozenset({"disk-a", "disk-b"})))
    scene.has("disk-a", "second.20261122T0400Z.a")

    _, waits = tick(scene.plan, Regions(scene.cloud), scene.workers, scene.clock, at_once=True)

    handed = [one for each in scene.workers.batches for group in each.groups for one in group.disk_ids]
    assert handed == ["disk-a"]
    assert decisions(waits) == {"disk-a": Decision.DONE, "disk-b": Decision.DEFERRED}


def test_hosts_that_are_counted_are_never_held_in_anothers_turn(scene: Scene) -> None:
    first = replace(
        scene.plan.policies[0],
        jitter=20 * TICK,
        select=replace(DATA.select, disks=frozenset({"disk-a", "disk-b"})),
    )
    counted = replace(scene.plan.policies[1], max_held=1)
    scene.plan = replace(scene.plan, policies=(first, counted))

    ticks = []
    for tick_no in range(9 * AGAIN):
        scene.workers.batches.clear()
        scene.tick()
        ticks += [tick_no for batch in scene.workers.batches if batch.run.policy == "second"]
        scene.clock.time += TICK

    assert ticks
    assert {tick_no % AGAIN for tick_no in ticks} == {0}
