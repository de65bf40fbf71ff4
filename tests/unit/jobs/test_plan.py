"""A tick of the schedule against a fake region: who is handed out, who waits, who is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cbsnap.errors import CloudFault
from cbsnap.jobs.plan import tick
from cbsnap.model import (
    Decision,
    Grouping,
    Keep,
    Plan,
    Policy,
    Quiesce,
    QuotaLimits,
    Report,
    Run,
    Selection,
    Snapshot,
    Target,
)

from .fakes import NOON, REGION, FakeClock, FakeCloud, FakeWorkers, disk

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

    def region(self, name: str) -> FakeCloud:
        if name not in self.by_name:
            raise CloudFault("InternalError", f"{name} is down")
        return self.by_name[name]


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock(NOON + timedelta(minutes=3))
        self.cloud = FakeCloud(self.clock, [disk("disk-a"), disk("disk-b"), disk("disk-c", None)])
        self.workers = FakeWorkers()
        self.plan = Plan("prod", (Target(REGION),), (DATA,))

    def tick(self) -> list[Report]:
        return tick(self.plan, Regions(self.cloud), self.workers, self.clock)

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
    other = replace(DATA, name="other", quiesce=None)
    scene.plan = replace(scene.plan, policies=(DATA, other), quota=QuotaLimits(region=4))

    first, second = scene.tick()

    assert list(decisions(first).values()).count(Decision.DISPATCHED) == 3
    assert list(decisions(second).values()).count(Decision.DISPATCHED) == 1


def test_many_disks_are_cut_into_batches_that_share_the_rate(scene: Scene) -> None:
    scene.cloud.disk_list = [disk(f"disk-{number:03}") for number in range(100)]

    scene.tick()

    sizes = [len(batch.groups) for batch in scene.workers.batches]
    assert sizes == [40, 40, 20]
    assert sum(batch.rate_per_s for batch in scene.workers.batches) == pytest.approx(10)


def test_one_regions_failure_does_not_stop_another(scene: Scene) -> None:
    scene.plan = replace(scene.plan, targets=(Target("ap-nowhere"), Target(REGION)))

    down, up = scene.tick()

    assert "ap-nowhere is down" in down.error
    assert up.batches == ("request-1",)
