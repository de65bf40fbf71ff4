"""From the API's answers to the core's values: names, nulls and times are dealt with here, once.

Answers carry naive times in Asia/Shanghai (`2020-06-22 09:35:03`), requests take UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from cbsnap.model.cloud import Disk, Instance, Snapshot, SnapshotUsage

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHANGHAI = timezone(timedelta(hours=8))  # no daylight saving since 1991


def moment(text: str) -> datetime:
    """Return the UTC time of a naive Shanghai string."""
    return datetime.fromisoformat(text).replace(tzinfo=_SHANGHAI).astimezone(timezone.utc)


def disk(row: Mapping[str, Any], region: str) -> Disk:
    """Return one row of DescribeDisks.DiskSet."""
    attached = row.get("InstanceIdList") or [row.get("InstanceId") or ""]
    return Disk(
        id=row["DiskId"],
        region=region,
        zone=row["Placement"]["Zone"],
        name=row.get("DiskName") or "",
        usage=row["DiskUsage"],
        state=row["DiskState"],
        size_gib=row["DiskSize"],
        instance_ids=tuple(sorted(filter(None, attached))),
        snapshot_ability=bool(row.get("SnapshotAbility")),
        snapshot_count=row.get("SnapshotCount") or 0,
        rolling_back=bool(row.get("Rollbacking")),
        rollback_percent=row.get("RollbackPercent") or 0,
        migrating=bool(row.get("Migrating")),
        shareable=bool(row.get("Shareable")),
        encrypted=bool(row.get("Encrypt")),
        type=row.get("DiskType") or "",
        snapshot_mib=row.get("SnapshotSize") or 0,
        created_at=moment(row["CreateTime"]) if row.get("CreateTime") else None,
        tags=_tags(row),
    )


def instance(row: Mapping[str, Any], region: str) -> Instance:
    """Return one row of DescribeInstances.InstanceSet."""
    return Instance(
        id=row["InstanceId"],
        region=region,
        zone=row["Placement"]["Zone"],
        name=row.get("InstanceName") or "",
        state=row["InstanceState"],
        private_ips=tuple(row.get("PrivateIpAddresses") or ()),
        tags=_tags(row),
    )


def snapshot(row: Mapping[str, Any], region: str) -> Snapshot:
    """Return one row of DescribeSnapshots.SnapshotSet."""
    return Snapshot(
        id=row["SnapshotId"],
        region=region,
        name=row.get("SnapshotName") or "",
        disk_id=row.get("DiskId") or "",
        state=row["SnapshotState"],
        percent=row.get("Percent") or 0,
        created_at=moment(row["CreateTime"]),
        size_gib=row["DiskSize"],
        usage=row["DiskUsage"],
        deadline=moment(row["DeadlineTime"]) if row.get("DeadlineTime") else None,
        encrypted=bool(row.get("Encrypt")),
        copied=bool(row.get("CopyFromRemote")),
        locked=bool(row.get("IsLocked")),
        shares=row.get("ShareReference") or 0,
        image_ids=tuple(image["ImageId"] for image in row.get("Images") or ()),
        copying_to=tuple(row.get("CopyingToRegions") or ()),
        tags=_tags(row),
    )


def usage(answer: Mapping[str, Any]) -> SnapshotUsage:
    """Return the answer of DescribeSnapshotOverview."""
    return SnapshotUsage(
        count=int(answer["TotalNums"]),
        size_gib=float(answer["TotalSize"]),
        free_gib=float(answer["FreeQuota"]),
        billed_gib=float(answer.get("RealTradeSize") or 0),
    )


def given(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as requests of CBS take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _tags(row: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value") or "" for tag in row.get("Tags") or ()}
