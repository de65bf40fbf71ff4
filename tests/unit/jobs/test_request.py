"""Snapshots on request: refused at once when they cannot be taken, otherwise one batch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cbsnap.errors import InputError, QuotaExhausted
from cbsnap.jobs.request import Asked, Promised, request
from cbsnap.model.cloud import Snapshot
from cbsnap.model.plan import Plan, QuotaLimits, Target
from cbsnap.model.policies import Quiesce
from cbsnap.model.runs import Run

from .fakes import HERE, NOON, REGION, FakeClock, FakeCloud, FakeWorkers, disk


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cloud = FakeCloud(self.clock, [disk("disk-a"), disk("disk-b")])
        self.workers = FakeWorkers()
        self.plan = Plan("prod", (Target(REGION),), ())

    def ask(
        self, *disk_ids: str, quiesce: Quiesce | None = None, limits: QuotaLimits | None = None
    ) -> Promised:
        plan = Plan("prod", (Target(REGION),), (), limits or QuotaLimits())
        asked = Asked(disk_ids, "release-7", quiesce)
        return request(asked, plan, HERE, self.cloud, self.workers, self.clock)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_request_becomes_one_batch_with_its_key(scene: Scene) -> None:
    promised = scene.ask("disk-a", "disk-b", quiesce=Quiesce("mysql"))

    (batch,) = scene.workers.batches
    assert promised.run == batch.run == Run("manual", NOON, "release-7")
    assert [name.split(".")[2] for name in promised.names] == ["a", "b"]
    assert batch.groups[0].disk_ids == ("disk-a", "disk-b")
    assert batch.patience_s > 0
    assert batch.quota.region == 64 + 64 * 2


def test_a_disk_named_twice_is_taken_once(scene: Scene) -> None:
    scene.ask("disk-a", "disk-a")

    assert [group.disk_ids for group in scene.workers.batches[0].groups] == [("disk-a",)]


def test_an_unknown_disk_is_refused_by_field(scene: Scene) -> None:
    with pytest.raises(InputError, match=r"disk_ids\.1: there is no disk disk-z in ap-guangzhou"):
        scene.ask("disk-a", "disk-z")

    assert scene.workers.batches == []


def test_a_disk_that_cannot_be_snapshotted_is_refused_with_the_reason(scene: Scene) -> None:
    scene.cloud.disk_list[0] = disk("disk-a", snapshot_ability=False)

    with pytest.raises(InputError, match="SnapshotAbility"):
        scene.ask("disk-a")

    assert scene.workers.batches == []


def test_no_room_is_refused_with_figures(scene: Scene) -> None:
    with pytest.raises(QuotaExhausted, match="needs 1, has 0 of 0"):
        scene.ask("disk-a", limits=QuotaLimits(region=0))

    assert scene.workers.batches == []


def test_what_the_same_key_has_made_is_told_by_its_name_and_not_asked_for_again(scene: Scene) -> None:
    (name,) = scene.ask("disk-a").names
    scene.workers.batches.clear()
    scene.cloud.snapshot_list.append(Snapshot("snap-1", REGION, name, "disk-a", "NORMAL", 100, NOON, 10))
    scene.cloud.disk_list[0] = disk("disk-a", snapshot_count=64)
    scene.clock.time += timedelta(minutes=7)

    again = scene.ask("disk-a")

    assert again.names == (name,)
    assert scene.workers.batches == []
