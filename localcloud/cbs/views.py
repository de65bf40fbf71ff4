"""How disks and snapshots look in an answer: every field of the SDK's models, nulls and times as recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.moments import shanghai
from localcloud.tagging import shown

if TYPE_CHECKING:
    from localcloud.resources import Disk, Region, Snapshot
    from localcloud.service import Answer

MIB, GIB = 1024**2, 1024**3
DAY_S = 86_400


def percent(now_s: float, from_s: float, to_s: float) -> int:
    """Return how far work has come that takes from `from_s` to `to_s`: 0 to 99, and 100 only at its end."""
    if now_s >= to_s:
        return 100
    return max(0, min(99, int(100 * (now_s - from_s) / (to_s - from_s))))


def placement(zone: str, project_id: int) -> Answer:
    """Show where a resource lies; there are no cages and no dedicated clusters here."""
    return {
        "Zone": zone,
        "CageId": "",
        "CdcId": "",
        "CdcName": "",
        "DedicatedClusterId": None,
        "ProjectId": project_id,
        "ProjectName": "" if project_id else "Default Project",
    }


def moment(moment_s: float | None) -> str:
    """Show a moment that there need not be."""
    return "" if moment_s is None else shanghai(moment_s)


def show_disk(disk: Disk, region: Region, now_s: float, *, with_policies: bool = False) -> Answer:
    """Show a disk; its automatic policies only where they were asked for."""
    rolling = disk.state == "ROLLBACKING"
    return {
        "DiskId": disk.id,
        "DiskName": disk.name,
        "DiskType": disk.kind,
        "DiskUsage": disk.usage,
        "DiskSize": disk.size_gib,
        "DiskState": disk.state,
        "Placement": placement(disk.zone, disk.project_id),
        "CreateTime": shanghai(disk.created_s),
        "Tags": shown(disk.tags),
        "Encrypt": disk.encrypt,
        "EncryptType": "ENCRYPT_V2" if disk.encrypt else "",
        "KmsKeyId": "",
        "Rollbacking": rolling,
        "RollbackPercent": percent(now_s, disk.rollback_from_s, disk.rollback_to_s) if rolling else 0,
        "Migrating": disk.migrating,
        "MigratePercent": 0,
        "ThroughputPerformance": 0,
        "BurstPerformance": disk.burst,
        "ErrorPrompt": "",
        **_attachment(disk),
        **_bill(disk, now_s),
        **_held(disk, region, with_policies=with_policies),
    }


def _attachment(disk: Disk) -> Answer:
    return {
        "Attached": bool(disk.instances),
        "AttachMode": "VF" if disk.instances else "",
        "InstanceId": "" if disk.shareable or not disk.instances else disk.instances[0],
        "InstanceIdList": disk.instances if disk.shareable else [],
        "InstanceType": "CVM" if disk.instances else "",
        "LastAttachInsId": disk.last_instance or None,
        "Shareable": disk.shareable,
        "Portable": disk.portable,
        "DeleteWithInstance": disk.delete_with_instance,
    }


def _bill(disk: Disk, now_s: float) -> Answer:
    prepaid = disk.charge == "PREPAID"
    days = int((disk.deadline_s - now_s) // DAY_S) if disk.deadline_s is not None else 0
    return {
        "DiskChargeType": disk.charge,
        "RenewFlag": "NOTIFY_AND_MANUAL_RENEW",
        "AutoRenewFlagError": False,
        "DeadlineTime": moment(disk.deadline_s),
        "DeadlineError": False,
        "DifferDaysOfDeadline": days,
        "IsReturnable": prepaid,
        "ReturnFailCode": 0 if prepaid else 10,
    }


def held_bytes(snapshot: Snapshot) -> int:
    """Return what a snapshot holds; one without bytes here counts as large as its disk."""
    return snapshot.size_gib * GIB if snapshot.held_bytes is None else snapshot.held_bytes


def _held(disk: Disk, region: Region, *, with_policies: bool) -> Answer:
    snapshots = region.snapshots_of(disk.id)
    return {
        "SnapshotAbility": disk.snapshot_ability,
        "SnapshotCount": len(snapshots),
        "SnapshotSize": sum(map(held_bytes, snapshots)) // MIB,
        "DeleteSnapshot": 0,
        "BackupDisk": False,
        "DiskBackupQuota": 0,
        "DiskBackupCount": 0,
        "AutoSnapshotPolicyIds": disk.policies if with_policies else None,
    }


def show_percent(snapshot: Snapshot, now_s: float) -> int:
    """Show how far a snapshot's creation or copy has come."""
    if snapshot.state not in ("CREATING", "COPYING_FROM_REMOTE"):
        return 100
    done = snapshot.stuck_at
    if done is None:
        done = percent(now_s, snapshot.progress_from_s, snapshot.progress_to_s)
    return min(done, 99)


def show_snapshot(snapshot: Snapshot, now_s: float, *, shared: bool = False) -> Answer:
    """Show a snapshot; `shared` is one of another account."""
    return {
        "SnapshotId": snapshot.id,
        "SnapshotName": snapshot.name,
        "SnapshotState": snapshot.state,
        "SnapshotType": "SHARED_SNAPSHOT" if shared else "PRIVATE_SNAPSHOT",
        "SnapshotMode": "STANDARD_SNAPSHOT",
        "Percent": show_percent(snapshot, now_s),
        "DiskId": "" if snapshot.from_remote else snapshot.disk_id,
        "DiskSize": snapshot.size_gib,
        "DiskUsage": snapshot.usage,
        "Placement": placement(snapshot.zone, snapshot.project_id),
        "CreateTime": shanghai(snapshot.created_s),
        "LatestModifyTime": shanghai(snapshot.created_s),
        "DeadlineTime": moment(snapshot.deadline_s),
        "IsPermanent": snapshot.deadline_s is None,
        "IsLocked": snapshot.locked,
        "Encrypt": snapshot.encrypt,
        "CopyFromRemote": snapshot.from_remote,
        "CopyingToRegions": snapshot.copying_to,
        "Images": [{"ImageId": each, "ImageName": each} for each in snapshot.images],
        "ImageCount": len(snapshot.images),
        "ShareReference": len(snapshot.shared_with),
        "TimeStartShare": moment(min(snapshot.shared_with.values(), default=None)),
        "AutoSnapshotPolicyId": "",
        "Tags": shown(snapshot.tags),
    }
