"""A tick of the schedule against a fake region: who is handed out, who waits, who is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from cbsnap.errors import CloudFault, Refused
from cbsnap.jobs import preflight
from cbsnap.jobs.handing import BATCH_DISKS
from cbsnap.jobs.plan import tick
from cbsnap.model.cloud import Snapshot
from cbsnap.model.plan import Plan, QuotaLimits, Target
from cbsnap.model.policies import Grouping, Keep, Policy, Quiesce, Selection
from cbsnap.model.runs import Batch, Decision, Report, Run
from cbsnap.rules.pacing import AGAIN, START, TICK, TICK_DISKS
from cbsnap.tencent.functions import ASYNC_EVENT_BYTES
from cbsnap.wire import batch_text

from .fakes import NOON, REGION, FakeClock, FakeCloud, FakeWorkers, disk, instance

DATA = Policy(
    name="data",
    select=Selection(usage="DATA_DISK"),
    schedule="0 12 * * *",
    time_zone="Asia/Shanghai",
    window=timedelta(hours=2),
    keep=Keep(last=3),
    quiesce=Quiesce("mysql"),
)


class Regions:
    """Regions by name; a missing one is down."""

    def __init__(self, *clouds: FakeCloud) -> None:
        self.by_name = {cloud.region: cloud for cloud in clouds}

    def at(self, target: Target) -> FakeCloud:
        if target.region not in self.by_name:
            raise CloudFault("InternalError", f"{target.region} is down")
        return self.by_name[target.region]


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock(NOON + timedelta(minutes=3))
        self.cloud = FakeCloud(self.clock, [disk("disk-a"), disk("disk-b"), disk("disk-c", None)])
        self.workers = FakeWorkers()
        self.plan = Plan("prod", (Target(REGION),), (DATA,))

    def tick(self) -> list[Report]:
        return tick(self.plan, Regions(self.cloud), self.workers, self.clock)

    def workers_batch(self) -> Batch:
        self.tick()
        return self.workers.batches[0]

    def has(self, disk_id: str, name: str, state: str = "NORMAL") -> None:
        made = Snapshot(f"snap-{disk_id}", REGION, name, disk_id, state, 100, NOON, 10)
        self.cloud.snapshot_list.append(made)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def decisions(report: Report) -> dict[str, Decision]:
    return {outcome.disk_id: outcome.decision for outcome in report.outcomes}


def test_hands_out_every_selected_disk_that_is_due(scene: Scene) -> None:
    (report,) = scene.tick()

    (batch,) = scene.workers.batches
    assert batch.run == Run("data", NOON)
    assert [group.id for group in batch.groups] == ["disk-a", "disk-b", "disk-c"]
    assert batch.not_after == NOON + timedelta(hours=2)
    assert batch.quota.region == 64 + 64 * 3
    assert set(decisions(report).values()) == {Decision.DISPATCHED}
    assert report.batches == ("request-1",)


def test_nothing_is_due_after_the_window(scene: Scene) -> None:
    scene.clock.time = NOON + timedelta(hours=2, seconds=1)

    assert scene.tick() == []
    assert scene.workers.batches == []


def test_what_this_run_has_is_not_handed_out_again(scene: Scene) -> None:
    scene.has("disk-a", "data.20261122T0400Z.a")
    scene.has("disk-b", "data.20261121T0400Z.b")

    (report,) = scene.tick()

    assert decisions(report) == {
        "disk-a": Decision.DONE,
        "disk-b": Decision.DISPATCHED,
        "disk-c": Decision.DISPATCHED,
    }


def test_a_finished_run_hands_out_nothing(scene: Scene) -> None:
    for letter in "abc":
        scene.has(f"disk-{letter}", f"data.20261122T0400Z.{letter}")

    (report,) = scene.tick()

    assert scene.workers.batches == []
    assert set(decisions(report).values()) == {Decision.DONE}


def test_a_snapshot_in_the_recycle_bin_does_not_count(scene: Scene) -> None:
    scene.has("disk-a", "data.20261122T0400Z.a", "TORECYCLE")

    (report,) = scene.tick()

    assert decisions(report)["disk-a"] is Decision.DISPATCHED


def test_awkward_disks_are_left_out_with_a_reason(scene: Scene) -> None:
    scene.cloud.disk_list += [
        disk("disk-rolling", state="ROLLBACKING"),
        disk("disk-unable", snapshot_ability=False),
        disk("disk-full", snapshot_count=64),
        disk("disk-busy"),
    ]
    scene.has("disk-busy", "by hand", "CREATING")

    (report,) = scene.tick()

    told = {one.disk_id: (one.decision, one.reason) for one in report.outcomes}
    assert told["disk-rolling"][0] is Decision.DEFERRED
    assert told["disk-unable"][0] is Decision.REFUSED
    assert "64 of 64" in told["disk-full"][1]
    assert "snap-disk-busy" in told["disk-busy"][1]
    assert {group.id for group in scene.workers.batches[0].groups} == {"disk-a", "disk-b", "disk-c"}


def test_disks_of_an_instance_are_one_group_with_those_taken_before(scene: Scene) -> None:
    scene.plan = replace(scene.plan, policies=(replace(DATA, group=Grouping.INSTANCE),))
    scene.has("disk-a", "data.20261122T0400Z.a")

    scene.tick()

    groups = {group.id: group.disk_ids for group in scene.workers.batches[0].groups}
    assert groups == {"ins-1": ("disk-a", "disk-b"), "disk-c": ("disk-c",)}


def test_quota_is_known_for_the_whole_run_before_anything_is_handed_out(scene: Scene) -> None:
    scene.plan = replace(scene.plan, quota=QuotaLimits(region=2))

    (report,) = scene.tick()

    assert decisions(report)["disk-c"] is Decision.REFUSED
    assert "needs 1, has 0 of 2" in report.outcomes[2].reason
    assert len(scene.workers.batches[0].groups) == 2


def test_policies_share_the_room_in_the_order_of_the_file(scene: Scene) -> None:
    scene.plan = replace(
        scene.plan, policies=(one_disk("first", "disk-b"), one_disk("second", "disk-a")), quota=QuotaLimits(1)
    )

    first, second = scene.tick()

    assert decisions(first) == {"disk-b": Decision.DISPATCHED}
    assert decisions(second) == {"disk-a": Decision.REFUSED}


def one_disk(name: str, disk_id: str, **changes: object) -> Policy:
    return replace(DATA, name=name, select=Selection(disks=frozenset({disk_id})), **changes)  # type: ignore[arg-type]


def many(scene: Scene, disks: int, per_instance: int = 1) -> None:
    scene.cloud.disk_list = [
        disk(f"disk-{number:05}", f"ins-{number // per_instance:05}") for number in range(disks)
    ]
    scene.plan = replace(scene.plan, quota=QuotaLimits(region=10**6))


def test_many_disks_are_cut_into_batches_that_share_the_rate(scene: Scene) -> None:
    many(scene, 1000)

    scene.tick()

    sizes = [len(batch.groups) for batch in scene.workers.batches]
    assert sizes == [250] * 4
    assert max(sizes) <= BATCH_DISKS
    assert sum(batch.rate_per_s for batch in scene.workers.batches) == pytest.approx(10)
    begin = sorted(batch.begins_at for batch in scene.workers.batches if batch.begins_at)
    assert [(one - scene.clock.now() - START).total_seconds() for one in begin] == [0.0, 0.1, 0.2, 0.3]


def test_a_worker_that_is_alone_begins_at_once(scene: Scene) -> None:
    many(scene, 10)

    scene.tick()

    assert scene.workers.batches[0].begins_at == scene.clock.now()


def test_a_group_that_is_larger_than_what_is_left_of_a_tick_has_its_turn_all_the_same(scene: Scene) -> None:
    many(scene, TICK_DISKS + 20, per_instance=7)
    scene.plan = replace(scene.plan, policies=(replace(DATA, group=Grouping.INSTANCE),))

    (report,) = scene.tick()

    dispatched = list(decisions(report).values()).count(Decision.DISPATCHED)
    assert TICK_DISKS < dispatched < TICK_DISKS + 7


def test_a_run_larger_than_a_tick_goes_on_in_the_next_ones(scene: Scene) -> None:
    many(scene, TICK_DISKS + 500)

    (first,) = scene.tick()
    taken_first = {one.disk_id for one in first.outcomes if one.decision is Decision.DISPATCHED}
    for disk_id in taken_first:
        scene.has(disk_id, f"data.20261122T0400Z.{disk_id.removeprefix('disk-')}")
    scene.clock.time += TICK
    (second,) = scene.tick()

    taken_second = {one.disk_id for one in second.outcomes if one.decision is Decision.DISPATCHED}
    assert (len(taken_first), len(taken_second)) == (TICK_DISKS, 500)
    assert any("its next turn comes at 04:05 UTC" in one.reason for one in first.outcomes)


def test_what_was_handed_out_is_not_handed_out_again_before_it_must_be_over(scene: Scene) -> None:
    scene.tick()
    scene.clock.time += TICK

    (report,) = scene.tick()

    assert len(scene.workers.batches) == 1
    assert {one.decision for one in report.outcomes} == {Decision.DEFERRED}
    assert "its next turn comes at 04:15 UTC" in report.outcomes[0].reason


def test_a_person_can_have_it_handed_out_at_once(scene: Scene) -> None:
    scene.tick()
    scene.clock.time += TICK

    tick(scene.plan, Regions(scene.cloud), scene.workers, scene.clock, at_once=True)

    assert [len(batch.groups) for batch in scene.workers.batches] == [3, 3]


def test_members_of_a_cluster_are_one_chain_in_one_batch(scene: Scene) -> None:
    scene.cloud.disk_list = [
        disk(f"disk-{number:04}", f"ins-{number}", tags={"cluster": "c1"} if number % 100 == 0 else {})
        for number in range(400)
    ]
    policy = replace(DATA, one_at_a_time="cluster")
    scene.plan = replace(scene.plan, policies=(policy,), quota=QuotaLimits(region=10**6))

    scene.tick()

    chained = [[group.id for group in batch.groups if group.chain == "c1"] for batch in scene.workers.batches]
    assert sorted(map(len, chained)) == [0, 4]


@pytest.mark.parametrize("where", ["disk", "instance"])
def test_a_tag_pauses_a_disk_or_all_of_an_instance(scene: Scene, where: str) -> None:
    if where == "disk":
        scene.cloud.disk_list[0] = disk("disk-a", tags={"cbsnap:pause": "until Monday"})
        outcome = next(iter(scene.tick()[0].outcomes), None)
    else:
        facts = preflight.Facts(
            {"disk-a": disk("disk-a")}, {"ins-1": replace(instance(), tags={"cbsnap:pause": ""})}, {}
        )
        outcome = preflight.settled_already("disk-a", facts, scene.workers_batch())

    assert outcome is not None
    assert outcome.decision is Decision.DEFERRED
    assert "cbsnap:pause" in outcome.reason


def test_what_failed_is_handed_out_again(scene: Scene) -> None:
    scene.tick()
    scene.clock.time += AGAIN * TICK

    scene.tick()

    assert [len(batch.groups) for batch in scene.workers.batches] == [3, 3]
    assert scene.workers.batches[0].deliver_by <= scene.clock.time


def test_a_turn_after_the_window_is_refused_with_what_to_do(scene: Scene) -> None:
    many(scene, TICK_DISKS + 1)
    scene.plan = replace(scene.plan, policies=(replace(DATA, window=timedelta(minutes=4)),))

    (report,) = scene.tick()

    assert report.outcomes[-1].decision is Decision.REFUSED
    assert "lengthen window" in report.outcomes[-1].reason


def test_no_more_hosts_are_held_at_once_than_the_policy_allows(scene: Scene) -> None:
    many(scene, 1000)
    scene.plan = replace(scene.plan, policies=(replace(DATA, max_held=3),))

    scene.tick()

    assert len(scene.workers.batches) == 3
    assert sum(batch.side_by_side for batch in scene.workers.batches) == 3
    assert sum(len(batch.groups) for batch in scene.workers.batches) == 1000


def test_what_few_held_hosts_cannot_take_in_a_hand_out_waits(scene: Scene) -> None:
    many(scene, 1100)
    scene.plan = replace(scene.plan, policies=(replace(DATA, max_held=1),))

    (report,) = scene.tick()

    assert [len(batch.groups) for batch in scene.workers.batches] == [1000]
    assert report.outcomes[-1].reason == "its next turn comes at 04:15 UTC"


def test_a_large_batch_fits_an_asynchronous_event(scene: Scene) -> None:
    many(scene, 1000)
    scene.plan = replace(scene.plan, policies=(replace(DATA, max_held=1),))

    scene.tick()

    assert len(batch_text(scene.workers.batches[0]).encode()) < ASYNC_EVENT_BYTES


def test_snapshots_of_many_disks_are_read_by_time_and_of_few_by_disk(scene: Scene) -> None:
    scene.tick()
    few = list(scene.cloud.log)
    many(scene, 101)

    scene.tick()

    assert (few, scene.cloud.log[-1]) == (["look"], "since")


def test_a_paused_policy_is_not_due(scene: Scene) -> None:
    scene.plan = replace(scene.plan, policies=(replace(DATA, paused=True),))

    assert scene.tick() == []


def test_a_skipped_date_is_the_policys_own(scene: Scene) -> None:
    night = replace(DATA, schedule="0 1 * * *", skip_dates=frozenset({date(2026, 11, 23)}))
    scene.plan = replace(scene.plan, policies=(night,))
    scene.clock.time = datetime(2026, 11, 22, 17, 3, tzinfo=timezone.utc)  # the 23rd, 01:03 in Shanghai

    assert scene.tick() == []


def test_one_regions_failure_does_not_stop_another(scene: Scene) -> None:
    scene.plan = replace(scene.plan, targets=(Target("ap-nowhere"), Target(REGION)))

    down, up = scene.tick()

    assert "ap-nowhere is down" in down.error
    assert up.batches == ("request-1",)


def test_a_late_part_of_a_run_is_not_starved_by_an_early_one_that_fails(scene: Scene) -> None:
    many(scene, (AGAIN + 1) * TICK_DISKS)
    scene.clock.time = NOON + AGAIN * TICK

    scene.tick()

    handed = {one for batch in scene.workers.batches for group in batch.groups for one in group.disk_ids}
    assert handed == {f"disk-{number:05}" for number in range(AGAIN * TICK_DISKS, (AGAIN + 1) * TICK_DISKS)}


@pytest.mark.parametrize("bound", [{"max_held": 1}, {"one_at_a_time": "cluster"}])
def test_where_hosts_are_counted_no_hand_out_begins_beside_another(
    scene: Scene, bound: dict[str, object]
) -> None:
    many(scene, TICK_DISKS + 10)
    scene.plan = replace(scene.plan, policies=(replace(DATA, jitter=4 * TICK, **bound),))  # type: ignore[arg-type]

    ticks = []
    for tick_no in range(2 * AGAIN + 1):
        scene.workers.batches.clear()
        scene.tick()
        ticks += [tick_no] if scene.workers.batches else []
        scene.clock.time += TICK

    assert ticks == [0, AGAIN, 2 * AGAIN]


class Picky(FakeWorkers):
    """Takes no batch with this disk."""

    def dispatch(self, batch: Batch) -> str:
        if any("disk-00000" in group.disk_ids for group in batch.groups):
            raise Refused("LimitExceeded.Async", "too many")
        return super().dispatch(batch)


def test_a_batch_that_cannot_be_handed_out_is_said_of_its_disks_alone(scene: Scene) -> None:
    many(scene, BATCH_DISKS + 2)
    scene.workers = Picky()

    (report,) = scene.tick()

    (sent,) = scene.workers.batches
    told = decisions(report)
    handed = {one for group in sent.groups for one in group.disk_ids}
    assert {one for one, decision in told.items() if decision is Decision.DISPATCHED} == handed
    assert {decision for one, decision in told.items() if one not in handed} == {Decision.FAILED}
    assert "too many" in report.outcomes[0].reason
    assert (report.error, len(report.batches)) == ("", 1)
