"""Taking a snapshot of a disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.cbs import errors
from localcloud.cbs.service import SERVICE
from localcloud.errors import InternalError, InvalidParameterValue
from localcloud.moments import read_moment
from localcloud.parameters import Between, OneOf
from localcloud.resources import Disk, Region, Snapshot
from localcloud.tagging import Tag, accepted

if TYPE_CHECKING:
    from localcloud.service import Answer, Call

DAY_S = 86_400
SnapshotName = Annotated[str, Between(0, 60)]


def find_disk(region: Region, disk_id: str) -> Disk:
    """Return a disk of the region; raises InvalidDiskId.NotFound."""
    if disk_id not in region.disks:
        raise errors.InvalidDiskIdNotFound(disk=disk_id)
    return region.disks[disk_id]


def read_deadline(text: str | None, now_s: float) -> float | None:
    """Read a Deadline, which must be at least a day ahead; a minute is for the way here [inferred]."""
    if not text:
        return None
    deadline_s = read_moment(text, "Deadline")
    if deadline_s < now_s + DAY_S - 60:
        raise InvalidParameterValue(name="Deadline", reason="less than a day ahead")
    return deadline_s


def check_ability(disk: Disk) -> None:
    """Raise what forbids snapshots of this disk for good."""
    if disk.shareable:
        raise errors.ShareDiskNotSupportSnap(disk=disk.id)
    if not disk.snapshot_ability:
        raise errors.InvalidDiskNotSupportSnapshot(disk=disk.id)


def check_idle(disk: Disk, region: Region) -> None:
    """Raise what forbids a snapshot of this disk now."""
    if disk.state == "TORECYCLE":
        raise errors.InvalidDiskExpire(disk=disk.id)
    if disk.state == "ROLLBACKING":
        raise errors.ResourceInUseDiskRollbacking(disk=disk.id)
    if disk.migrating:
        raise errors.ResourceInUseDiskMigrating(disk=disk.id)
    if disk.state not in ("ATTACHED", "UNATTACHED"):
        raise errors.InvalidDiskBusy(disk=disk.id, state=disk.state)
    if any(each.state == "CREATING" for each in region.snapshots_of(disk)):
        raise errors.InvalidDiskSnapshotCreating(disk=disk.id)


def check_quota(disk: Disk, region: Region) -> None:
    """Raise where the region or the disk holds as many snapshots as it may."""
    limit = region.quota.of_region(len(region.disks))
    if len(region.snapshots) >= limit:
        raise errors.InsufficientSnapshotQuota(region=region.name, limit=limit)
    if len(disk.snapshots) >= region.quota.per_disk:
        raise errors.ResourceInsufficientOverQuota(disk=disk.id, limit=region.quota.per_disk)


@SERVICE.action
@dataclass(frozen=True)
class CreateSnapshot:
    """Take a snapshot; its bytes are copied before the answer. There is no ClientToken: it is not idempotent.

    Not emulated: DiskBackupId and LocalSnap, which is for allow-listed accounts.
    """

    disk_id: str
    snapshot_name: SnapshotName = ""
    deadline: str | None = None
    disk_backup_id: str | None = None
    tags: list[Tag] | None = None
    local_snap: bool = False
    disk_usage: Annotated[str, OneOf("SYSTEM_DISK", "DATA_DISK")] | None = None

    async def answer(self, call: Call) -> Answer:
        """Answer with the new snapshot's id, once its bytes are safe."""
        region = call.here
        disk = find_disk(region, self.disk_id)
        snapshot = self._made(call, region, disk)
        region.add_snapshot(snapshot)
        if disk.content:
            await _cut(call, region, disk, snapshot)
        _plan(call, region, snapshot)
        return {"SnapshotId": snapshot.id}

    def _made(self, call: Call, region: Region, disk: Disk) -> Snapshot:
        if self.local_snap or self.disk_backup_id:
            raise errors.ResourceUnavailableNotSupported(reason="LocalSnap, DiskBackupId")
        check_ability(disk)
        check_idle(disk, region)
        check_quota(disk, region)
        return Snapshot(
            id=call.cloud.new_id("snap"),
            disk_id=disk.id,
            zone=disk.zone,
            created_s=call.now_s,
            size_gib=disk.size_gib,
            name=self.snapshot_name or Snapshot.name,
            usage=self.disk_usage or disk.usage,
            progress_from_s=call.now_s,
            progress_to_s=call.now_s + call.cloud.settings.snapshot_seconds,
            deadline_s=read_deadline(self.deadline, call.now_s),
            project_id=disk.project_id,
            encrypt=disk.encrypt,
            tags=accepted(self.tags),
        )


def _plan(call: Call, region: Region, snapshot: Snapshot) -> None:
    """Enter what the snapshot will do by itself, faults included."""
    agenda, where = call.cloud.world.agenda, (region.uin, region.name, snapshot.id)
    agenda.add(snapshot.progress_to_s, "finish_snapshot", *where)
    if snapshot.deadline_s is not None:
        agenda.add(snapshot.deadline_s, "expire_snapshot", *where)
    if stuck := call.struck.get("stuck"):
        snapshot.stuck_at = stuck.at_percent
    if vanish := call.struck.get("vanish"):
        lasts_s = snapshot.progress_to_s - snapshot.progress_from_s
        agenda.add(call.now_s + lasts_s * vanish.at_percent / 100, "vanish_snapshot", *where)


async def _cut(call: Call, region: Region, disk: Disk, snapshot: Snapshot) -> None:
    """Copy the disk's bytes now, or, by a fault, a while after the answer."""
    if late := call.struck.get("late_cut"):
        call.cloud.later(late.after_s, _copy(call, region, disk, snapshot))
    else:
        await _copy(call, region, disk, snapshot)


async def _copy(call: Call, region: Region, disk: Disk, snapshot: Snapshot) -> None:
    try:
        snapshot.copy, snapshot.cut = await call.cloud.contents.cut(disk.content, snapshot.id)
    except OSError as error:
        region.drop_snapshot(snapshot.id)
        raise InternalError(reason=str(error)) from error
