from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.exception import TencentCloudSDKException

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pytest_plugin import LocalCloud
    from localcloud.resources import Region

    Call = Callable[..., dict[str, Any]]

GIB = 1024**3
ZONE = {"Zone": "ap-guangzhou-1"}
NEW = {"Placement": ZONE, "DiskChargeType": "POSTPAID_BY_HOUR", "DiskType": "CLOUD_PREMIUM"}


@pytest.fixture
def region(localcloud: LocalCloud) -> Region:
    return localcloud.cloud.world.regions["100000000001", "ap-guangzhou"]


@pytest.fixture
def held(localcloud: LocalCloud, call: Call, region: Region, tmp_path: Path) -> str:
    """Have a finished snapshot of disk-spare001 that holds `before`, while the disk holds `after`."""
    content = tmp_path / "content"
    content.write_text("before")
    region.disks["disk-spare001"].content = str(content)
    made = str(call("cbs", "CreateSnapshot", DiskId="disk-spare001")["SnapshotId"])
    content.write_text("after")
    localcloud.cloud.clock.advance(2)
    return made


def read(region: Region, disk: str) -> str:
    with open(region.disks[disk].content) as content:  # noqa: PTH123  # a path kept as text
        return content.read()


def state(call: Call, disk: str) -> str:
    return str(call("cbs", "DescribeDisks", DiskIds=[disk])["DiskSet"][0]["DiskState"])


def test_a_rollback_brings_the_bytes_back(
    localcloud: LocalCloud, call: Call, region: Region, held: str
) -> None:
    call("cbs", "ApplySnapshot", SnapshotId=held, DiskId="disk-spare001")
    during = state(call, "disk-spare001")
    localcloud.cloud.clock.advance(2)

    assert during == "ROLLBACKING"
    assert state(call, "disk-spare001") == "UNATTACHED"
    assert read(region, "disk-spare001") == "before"


def test_a_directory_is_rolled_back_whole(
    localcloud: LocalCloud, call: Call, region: Region, tmp_path: Path
) -> None:
    (tmp_path / "content" / "deep").mkdir(parents=True)
    (tmp_path / "content" / "deep" / "kept").write_text("before")
    region.disks["disk-spare001"].content = str(tmp_path / "content")
    made = call("cbs", "CreateSnapshot", DiskId="disk-spare001")["SnapshotId"]
    (tmp_path / "content" / "deep" / "kept").write_text("after")
    (tmp_path / "content" / "new").write_text("new")
    localcloud.cloud.clock.advance(2)

    call("cbs", "ApplySnapshot", SnapshotId=made, DiskId="disk-spare001")

    assert (tmp_path / "content" / "deep" / "kept").read_text() == "before"
    assert not (tmp_path / "content" / "new").exists()


def test_a_running_instance_has_to_be_stopped_for_a_rollback(
    localcloud: LocalCloud, call: Call, region: Region
) -> None:
    made = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")["SnapshotId"]
    localcloud.cloud.clock.advance(2)

    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "ApplySnapshot", SnapshotId=made, DiskId="disk-orders-a")
    call(
        "cbs",
        "ApplySnapshot",
        SnapshotId=made,
        DiskId="disk-orders-a",
        AutoStopInstance=True,
        AutoStartInstance=True,
    )
    localcloud.cloud.clock.advance(2.5)
    call("cbs", "DescribeDisks")
    during = region.instances["ins-orders01"].state
    localcloud.cloud.clock.advance(1)
    call("cbs", "DescribeDisks")

    assert refused.value.code == "UnsupportedOperation.InstanceNotStopped"
    assert during == "STARTING"
    assert region.instances["ins-orders01"].state == "RUNNING"
    assert region.disks["disk-orders-a"].state == "ATTACHED"


def test_a_snapshot_goes_back_to_its_own_disk_only(call: Call) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "ApplySnapshot", SnapshotId="snap-full0001-00", DiskId="disk-spare001")

    assert refused.value.code == "InvalidSnapshot.NotSupported"


def test_a_new_disk_holds_its_snapshots_bytes(
    localcloud: LocalCloud, call: Call, region: Region, held: str
) -> None:
    made = call("cbs", "CreateDisks", SnapshotId=held, DiskName="restored", **NEW)["DiskIdSet"][0]
    during = state(call, made)
    localcloud.cloud.clock.advance(1)

    assert (during, state(call, made)) == ("DUMPING", "UNATTACHED")
    assert read(region, made) == "before"
    assert region.disks[made].size_gib == 50


@pytest.fixture
def imaged(localcloud: LocalCloud, region: Region) -> Path:
    """Let disk-spare001 have an image as large as itself, 50 GiB."""
    contents = localcloud.cloud.contents
    region.disks["disk-spare001"].content = contents.image("disk-spare001", 50)
    return Path(region.disks["disk-spare001"].content)


def test_the_image_of_a_larger_disk_is_as_large_as_the_disk(
    localcloud: LocalCloud, call: Call, region: Region, imaged: Path
) -> None:
    snapshot = call("cbs", "CreateSnapshot", DiskId="disk-spare001")["SnapshotId"]
    localcloud.cloud.clock.advance(2)

    made = call("cbs", "CreateDisks", SnapshotId=snapshot, DiskSize=60, **NEW)["DiskIdSet"][0]

    assert imaged.stat().st_size == 50 * GIB
    assert Path(region.disks[made].content).stat().st_size == 60 * GIB


def test_a_grown_disk_stays_as_large_when_it_is_rolled_back(
    localcloud: LocalCloud, call: Call, imaged: Path
) -> None:
    snapshot = call("cbs", "CreateSnapshot", DiskId="disk-spare001")["SnapshotId"]
    call("cbs", "ResizeDisk", DiskId="disk-spare001", DiskSize=70)
    grown = imaged.stat().st_size
    localcloud.cloud.clock.advance(2)

    call("cbs", "ApplySnapshot", SnapshotId=snapshot, DiskId="disk-spare001")

    assert (grown, imaged.stat().st_size) == (70 * GIB, 70 * GIB)


def test_a_rollback_that_fails_leaves_the_disk_as_it_was(call: Call, region: Region, held: str) -> None:
    Path(region.snapshots[held].copy).unlink()

    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "ApplySnapshot", SnapshotId=held, DiskId="disk-spare001")

    assert refused.value.code == "InternalError"
    assert state(call, "disk-spare001") == "UNATTACHED"
    assert region.snapshots[held].state == "NORMAL"


def test_a_copy_that_fails_leaves_its_source_free(call: Call, region: Region, held: str) -> None:
    Path(region.snapshots[held].copy).unlink()

    answer = call("cbs", "CopySnapshotCrossRegions", SnapshotId=held, DestinationRegions=["ap-singapore"])

    assert answer["SnapshotCopyResultSet"][0]["Code"] == "InternalError"
    assert region.snapshots[held].copying_to == []
    assert call("cbs", "DescribeSnapshots", "ap-singapore")["TotalCount"] == 0


def test_the_same_client_token_makes_disks_once(call: Call) -> None:
    first = call("cbs", "CreateDisks", DiskSize=10, DiskCount=2, ClientToken="once", **NEW)["DiskIdSet"]
    second = call("cbs", "CreateDisks", DiskSize=10, DiskCount=2, ClientToken="once", **NEW)["DiskIdSet"]

    assert len(first) == 2
    assert second == first


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "MissingParameter"),
        ({"SnapshotId": "snap-full0001-00", "DiskSize": 40}, "InvalidParameter.DiskSizeNotMatch"),
        ({"DiskSize": 10, "DiskType": "BANANA"}, "InvalidParameterValue"),
        ({"DiskSize": 10, "Placement": {"Zone": "mars-7"}}, "InvalidParameterValue"),
        ({"SnapshotId": "snap-none"}, "InvalidSnapshotId.NotFound"),
        ({"SnapshotId": "snap-busy0001"}, "UnsupportedOperation.StateError"),
    ],
)
def test_a_disk_that_cannot_be_made_is_refused(call: Call, asked: dict[str, object], expected: str) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "CreateDisks", **(NEW | asked))

    assert refused.value.code == expected


def test_a_disk_is_attached_detached_and_given_back(localcloud: LocalCloud, call: Call) -> None:
    seen = []

    for action, asked in (
        ("AttachDisks", {"InstanceId": "ins-web00001"}),
        ("DetachDisks", {}),
    ):
        call("cbs", action, DiskIds=["disk-spare001"], **asked)
        seen.append(state(call, "disk-spare001"))
        localcloud.cloud.clock.advance(1)
        seen.append(state(call, "disk-spare001"))
    last = call("cbs", "DescribeDisks", DiskIds=["disk-spare001"])["DiskSet"][0]["LastAttachInsId"]
    call("cbs", "TerminateDisks", DiskIds=["disk-spare001"])

    assert seen == ["ATTACHING", "ATTACHED", "DETACHING", "UNATTACHED"]
    assert last == "ins-web00001"
    assert call("cbs", "DescribeDisks", DiskIds=["disk-spare001"])["TotalCount"] == 0


@pytest.mark.parametrize(
    ("action", "asked", "expected"),
    [
        (
            "AttachDisks",
            {"DiskIds": ["disk-orders-a"], "InstanceId": "ins-web00001"},
            "ResourceUnavailable.Attached",
        ),
        (
            "AttachDisks",
            {"DiskIds": ["disk-spare001"], "InstanceId": "ins-none0001"},
            "InvalidInstanceId.NotFound",
        ),
        ("DetachDisks", {"DiskIds": ["disk-web-sys1"]}, "InvalidDisk.NotPortable"),
        ("DetachDisks", {"DiskIds": ["disk-spare001"]}, "UnsupportedOperation.StateError"),
        ("TerminateDisks", {"DiskIds": ["disk-spare001", "disk-orders-a"]}, "ResourceUnavailable.Attached"),
    ],
)
def test_disks_are_moved_all_or_none(
    call: Call, action: str, asked: dict[str, object], expected: str
) -> None:
    before = call("cbs", "DescribeDisks", Order="ASC")["DiskSet"]

    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", action, **asked)

    assert refused.value.code == expected
    assert call("cbs", "DescribeDisks", Order="ASC")["DiskSet"] == before


def test_a_disk_only_grows(localcloud: LocalCloud, call: Call) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "ResizeDisk", DiskId="disk-spare001", DiskSize=50)
    call("cbs", "ResizeDisk", DiskId="disk-spare001", DiskSize=80)
    during = state(call, "disk-spare001")
    localcloud.cloud.clock.advance(1)

    with pytest.raises(TencentCloudSDKException) as vast:
        call("cbs", "ResizeDisk", DiskId="disk-spare001", DiskSize=10**9)

    assert "DiskSize" in refused.value.message
    assert "DiskSize" in vast.value.message
    assert during == "EXPANDING"
    assert state(call, "disk-spare001") == "UNATTACHED"
    assert call("cbs", "DescribeDisks", DiskIds=["disk-spare001"])["DiskSet"][0]["DiskSize"] == 80


def test_a_snapshot_outlives_its_disk(call: Call, held: str) -> None:
    call("cbs", "TerminateDisks", DiskIds=["disk-spare001"])

    by_id = call("cbs", "DescribeSnapshots", SnapshotIds=[held])["SnapshotSet"]
    by_disk = call("cbs", "DescribeSnapshots", Filters=[{"Name": "disk-id", "Values": ["disk-spare001"]}])

    assert [each["DiskId"] for each in by_id] == ["disk-spare001"]
    assert by_disk["SnapshotSet"] == by_id


def test_a_copy_in_another_region_carries_the_bytes(localcloud: LocalCloud, call: Call, held: str) -> None:
    answer = call(
        "cbs", "CopySnapshotCrossRegions", SnapshotId=held, DestinationRegions=["ap-singapore", "ap-none"]
    )
    good, bad = answer["SnapshotCopyResultSet"]
    during = call("cbs", "DescribeSnapshots", "ap-singapore", SnapshotIds=[good["SnapshotId"]])
    source = call("cbs", "DescribeSnapshots", SnapshotIds=[held])["SnapshotSet"][0]
    with pytest.raises(TencentCloudSDKException) as bound:
        call("cbs", "DeleteSnapshots", SnapshotIds=[held])
    localcloud.cloud.clock.advance(2)
    done = call("cbs", "DescribeSnapshots", "ap-singapore", SnapshotIds=[good["SnapshotId"]])["SnapshotSet"][
        0
    ]
    there = localcloud.cloud.world.regions["100000000001", "ap-singapore"].snapshots[good["SnapshotId"]]

    assert (good["Code"], bad["Code"]) == ("Success", "UnsupportedRegion")
    assert during["SnapshotSet"][0]["SnapshotState"] == "COPYING_FROM_REMOTE"
    assert source["CopyingToRegions"] == ["ap-singapore"]
    assert bound.value.code == "ResourceInUse.CopySnapshotConflict"
    assert (done["SnapshotState"], done["DiskId"], done["CopyFromRemote"]) == ("NORMAL", "", True)
    assert done["SnapshotName"] == f"Copied {held} from ap-guangzhou"
    with open(there.copy) as copy:  # noqa: PTH123  # a path kept as text
        assert copy.read() == "before"


def test_a_group_is_one_instances_disks_all_or_none(localcloud: LocalCloud, call: Call) -> None:
    with pytest.raises(TencentCloudSDKException) as apart:
        call("cbs", "CreateSnapshotGroup", DiskIds=["disk-orders-a", "disk-web-sys1"])
    group = call(
        "cbs",
        "CreateSnapshotGroup",
        DiskIds=["disk-orders-a", "disk-orders-b"],
        SnapshotGroupName="night",
        Tags=[{"Key": "k", "Value": "v"}],
    )["SnapshotGroupId"]
    during = call("cbs", "DescribeSnapshotGroups")["SnapshotGroupSet"][0]
    members = call("cbs", "DescribeSnapshots", SnapshotIds=during["SnapshotIdSet"])["SnapshotSet"]
    with pytest.raises(TencentCloudSDKException) as busy:
        call("cbs", "CreateSnapshotGroup", DiskIds=["disk-orders-a", "disk-orders-b"])
    localcloud.cloud.clock.advance(2)
    done = call(
        "cbs", "DescribeSnapshotGroups", Filters=[{"Name": "snapshot-group-state", "Values": ["NORMAL"]}]
    )

    assert apart.value.code == "UnsupportedOperation.SnapshotGroupDiskAttachMultiInstance"
    assert busy.value.code == "InvalidDisk.SnapshotCreating"
    assert (during["SnapshotGroupId"], during["SnapshotGroupState"]) == (group, "CREATING")
    assert {each["SnapshotName"] for each in members} == {"night_0", "night_1"}
    assert all(each["Tags"] == [{"Key": "k", "Value": "v"}] for each in members)
    assert done["TotalCount"] == 1


def test_deleting_a_group_deletes_its_snapshots(localcloud: LocalCloud, call: Call, region: Region) -> None:
    group = call("cbs", "CreateSnapshotGroup", DiskIds=["disk-orders-a", "disk-orders-b"])["SnapshotGroupId"]
    members = list(region.groups[group].snapshots)
    localcloud.cloud.clock.advance(2)
    call("cbs", "DeleteSnapshots", SnapshotIds=members[:1])

    left = call("cbs", "DescribeSnapshotGroups")["SnapshotGroupSet"][0]["SnapshotIdSet"]
    call("cbs", "DeleteSnapshotGroup", SnapshotGroupId=group)

    assert left == members[1:]
    assert call("cbs", "DescribeSnapshots", SnapshotIds=members)["TotalCount"] == 0


def test_disks_of_a_group_are_rolled_back_together(
    localcloud: LocalCloud, call: Call, region: Region
) -> None:
    disks = ["disk-orders-a", "disk-orders-b"]
    group = call("cbs", "CreateSnapshotGroup", DiskIds=disks)["SnapshotGroupId"]
    pairs = zip(region.groups[group].snapshots, disks, strict=True)
    localcloud.cloud.clock.advance(2)

    call(
        "cbs",
        "ApplySnapshotGroup",
        SnapshotGroupId=group,
        ApplyDisks=[{"SnapshotId": snapshot, "DiskId": disk} for snapshot, disk in pairs],
        AutoStopInstance=True,
    )
    during = [state(call, disk) for disk in disks]
    localcloud.cloud.clock.advance(2)

    assert during == ["ROLLBACKING", "ROLLBACKING"]
    assert [state(call, disk) for disk in disks] == ["ATTACHED", "ATTACHED"]
    assert region.instances["ins-orders01"].state == "STOPPED"
