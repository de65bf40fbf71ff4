from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.exception import TencentCloudSDKException

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.pytest_plugin import LocalCloud

    Call = Callable[..., dict[str, Any]]


def code(error: pytest.ExceptionInfo[TencentCloudSDKException]) -> str:
    return str(error.value.code)


def in_days(localcloud: LocalCloud, days: float) -> str:
    now = datetime.fromtimestamp(localcloud.cloud.clock.now(), timezone.utc)
    return (now + timedelta(days=days)).isoformat()


def test_a_snapshot_is_creating_and_then_normal(localcloud: LocalCloud, call: Call) -> None:
    localcloud.cloud.clock.set(1_800_000_000, speed=0)
    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a", SnapshotName="first")

    localcloud.cloud.clock.advance(1)
    creating = call("cbs", "DescribeSnapshots", SnapshotIds=[made["SnapshotId"]])["SnapshotSet"][0]
    localcloud.cloud.clock.advance(1)
    done = call("cbs", "DescribeSnapshots", SnapshotIds=[made["SnapshotId"]])["SnapshotSet"][0]

    assert (creating["SnapshotState"], creating["Percent"]) == ("CREATING", 50)
    assert (done["SnapshotState"], done["Percent"]) == ("NORMAL", 100)
    assert done["SnapshotName"] == "first"
    assert done["CreateTime"] == "2027-01-15 16:00:00"  # Asia/Shanghai


def test_one_disk_takes_one_snapshot_at_a_time(localcloud: LocalCloud, call: Call) -> None:
    localcloud.cloud.clock.set(1_800_000_000, speed=0)
    call("cbs", "CreateSnapshot", DiskId="disk-orders-a")

    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "CreateSnapshot", DiskId="disk-orders-a")
    localcloud.cloud.clock.advance(2)
    again = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")

    assert code(refused) == "InvalidDisk.SnapshotCreating"
    assert again["SnapshotId"]


@pytest.mark.parametrize(
    ("disk", "expected"),
    [
        ("disk-nowhere1", "InvalidDiskId.NotFound"),
        ("disk-rolling1", "ResourceInUse.DiskRollbacking"),
        ("disk-shared01", "UnsupportedOperation.ShareDiskNotSupportSnap"),
        ("disk-unable01", "InvalidDisk.NotSupportSnapshot"),
        ("disk-full0001", "ResourceInsufficient.OverQuota"),
        ("disk-busy0001", "InvalidDisk.SnapshotCreating"),
    ],
)
def test_awkward_disks_are_refused_each_with_its_code(call: Call, disk: str, expected: str) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "CreateSnapshot", DiskId=disk)

    assert code(refused) == expected


@pytest.mark.fleet("""
regions:
  ap-guangzhou:
    quota: {per_region: 1}
    disks: [{id: disk-a}, {id: disk-b}]
""")
def test_a_region_holds_no_more_snapshots_than_its_quota(call: Call) -> None:
    call("cbs", "CreateSnapshot", DiskId="disk-a")

    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "CreateSnapshot", DiskId="disk-b")

    assert code(refused) == "InsufficientSnapshotQuota"


def test_a_deadline_is_at_least_a_day_ahead(localcloud: LocalCloud, call: Call) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "CreateSnapshot", DiskId="disk-orders-a", Deadline=in_days(localcloud, 0.9))
    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a", Deadline=in_days(localcloud, 1.01))

    assert code(refused) == "InvalidParameterValue"
    assert "Deadline" in refused.value.message
    assert made["SnapshotId"]


@pytest.mark.parametrize("deadline", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_a_deadline_that_no_answer_can_write_is_refused(call: Call, deadline: str) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "CreateSnapshot", DiskId="disk-orders-a", Deadline=deadline)

    assert code(refused) == "InvalidParameterValue"
    assert "Deadline" in refused.value.message
    assert call("cbs", "DescribeSnapshots")["TotalCount"] == 65


def test_a_snapshot_is_gone_after_its_deadline(localcloud: LocalCloud, call: Call) -> None:
    deadline = in_days(localcloud, 2)
    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a", Deadline=deadline)["SnapshotId"]
    kept = call("cbs", "CreateSnapshot", DiskId="disk-orders-b", Deadline=deadline)["SnapshotId"]
    call("cbs", "ModifySnapshotAttribute", SnapshotId=kept, IsPermanent=True)

    localcloud.cloud.clock.advance(2 * 86_400 + 1)
    left = call("cbs", "DescribeSnapshots", SnapshotIds=[made, kept])

    assert [each["SnapshotId"] for each in left["SnapshotSet"]] == [kept]
    assert left["SnapshotSet"][0]["IsPermanent"] is True


def test_a_deadline_that_is_put_off_counts_from_then_on(localcloud: LocalCloud, call: Call) -> None:
    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a", Deadline=in_days(localcloud, 2))[
        "SnapshotId"
    ]
    call("cbs", "ModifySnapshotAttribute", SnapshotId=made, Deadline=in_days(localcloud, 5))

    localcloud.cloud.clock.advance(3 * 86_400)
    between = call("cbs", "DescribeSnapshots", SnapshotIds=[made])["TotalCount"]
    localcloud.cloud.clock.advance(3 * 86_400)
    after = call("cbs", "DescribeSnapshots", SnapshotIds=[made])["TotalCount"]

    assert (between, after) == (1, 0)


def test_a_name_of_sixty_characters_is_the_longest(call: Call) -> None:
    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a", SnapshotName="n" * 60)
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "CreateSnapshot", DiskId="disk-orders-b", SnapshotName="n" * 61)

    assert made["SnapshotId"]
    assert "SnapshotName" in refused.value.message


def test_deletes_all_snapshots_or_none(localcloud: LocalCloud, call: Call) -> None:
    done = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")["SnapshotId"]
    localcloud.cloud.clock.advance(2)

    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "DeleteSnapshots", SnapshotIds=[done, "snap-busy0001"])
    still = call("cbs", "DescribeSnapshots", SnapshotIds=[done])["TotalCount"]
    call("cbs", "DeleteSnapshots", SnapshotIds=[done])

    assert code(refused) == "UnsupportedOperation.StateError"
    assert still == 1
    assert call("cbs", "DescribeSnapshots", SnapshotIds=[done])["TotalCount"] == 0


@pytest.mark.fleet("""
regions:
  ap-guangzhou:
    disks: [{id: disk-a}]
    snapshots:
      - {id: snap-image, disk: disk-a, images: [img-1]}
      - {id: snap-shared, disk: disk-a, shared_with: ["100000000009"]}
      - {id: snap-locked, disk: disk-a, locked: true}
""")
@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        ("snap-image", "UnsupportedOperation.SnapshotHasBindedImage"),
        ("snap-shared", "UnsupportedOperation.SnapHasShared"),
        ("snap-locked", "UnsupportedOperation.StateError"),
        ("snap-none", "InvalidSnapshotId.NotFound"),
    ],
)
def test_what_is_bound_is_not_deleted(call: Call, snapshot: str, expected: str) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "DeleteSnapshots", SnapshotIds=[snapshot])

    assert code(refused) == expected


@pytest.mark.parametrize("content", ["a directory", "a file"])
def test_the_copy_holds_what_the_disk_held_when_the_call_returned(
    localcloud: LocalCloud, call: Call, tmp_path: Path, content: str
) -> None:
    disk = localcloud.cloud.world.regions["100000000001", "ap-guangzhou"].disks["disk-orders-a"]
    source = tmp_path / "content"
    data = source / "data" if content == "a directory" else source
    data.parent.mkdir(exist_ok=True)
    data.write_text("before")
    disk.content = str(source)

    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")["SnapshotId"]
    data.write_text("after")
    copy = localcloud.cloud.world.regions["100000000001", "ap-guangzhou"].snapshots[made].copy
    held = (tmp_path / "localcloud-copies" / made) / ("data" if content == "a directory" else "")

    assert copy == str(tmp_path / "localcloud-copies" / made)
    assert held.read_text() == "before"
