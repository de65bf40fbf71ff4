"""Taking a snapshot of a disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.cbs import errors
from localcloud.cbs.lookup import find_disk
from localcloud.cbs.service import SERVICE
from localcloud.errors import InternalError, InvalidParameterValue
from localcloud.moments import read_moment
from localcloud.parameters import Between, OneOf
from localcloud.resources import UNNAMED, Snapshot
from localcloud.tagging import Tag, accepted
from localcloud.transitions import copy_before

if TYPE_CHECKING:
    from localcloud.resources import Disk, Region
    from localcloud.service import Answer, Call

DAY_S = 86_400
SnapshotName = Annotated[str, Between(0, 60)]


def read_deadline(text: str | None, now_s: float) -> float | None:
    """Read a Deadline, which must be at least a day ahead; a minute is for the way here [inferred]."""
    if not text:
        return None
    deadline_s = read_moment(text, "Deadline")
    if deadline_s < now_s + DAY_S - 60:
        raise InvalidParameterValue(name="Deadline", reason="less than a day ahead")
    return deadline_s


def check_disk(disk: Disk, region: Region) -> None:
    """Raise what forbids a snapshot of this disk, for good or for now."""
    if disk.shareable:
        raise errors.ShareDiskNotSupportSnap(disk=disk.id)
    if not disk.snapshot_ability:
        raise errors.InvalidDiskNotSupportSnapshot(disk=disk.id)
    _check_idle(disk)
    if any(each.state == "CREATING" for each in region.snapshots_of(disk.id)):
        raise errors.InvalidDiskSnapshotCreating(disk=disk.id)


def _check_idle(disk: Disk) -> None:
    if disk.state == "TORECYCLE":
        raise errors.InvalidDiskExpire(disk=disk.id)
    if disk.state == "ROLLBACKING":
        raise errors.ResourceInUseDiskRollbacking(disk=disk.id)
    if disk.migrating:
        raise errors.ResourceInUseDiskMigrating(disk=disk.id)
    if disk.state not in ("ATTACHED", "UNATTACHED"):
        raise errors.InvalidDiskBusy(disk=disk.id, state=disk.state)


def check_region_quota(region: Region, more: int = 1) -> None:
    """Raise InsufficientSnapshotQuota where the region has no room for so many more snapshots."""
    limit = region.quota.of_region(len(region.disks))
    if len(region.snapshots) + more > limit:
        raise errors.InsufficientSnapshotQuota(region=region.name, limit=limit)


def check_disk_quota(disk: Disk, region: Region) -> None:
    """Raise ResourceInsufficient.OverQuota where the disk has no room for one more."""
    if len(region.snapshots_of(disk.id)) >= region.quota.per_disk:
        raise errors.ResourceInsufficientOverQuota(disk=disk.id, limit=region.quota.per_disk)


def begin(call: Call, disk: Disk, name: str) -> Snapshot:
    """Make a snapshot's record, complete but for its bytes."""
    return Snapshot(
        id=call.cloud.new_id("snap"),
        disk_id=disk.id,
        zone=disk.zone,
        created_s=call.now_s,
        size_gib=disk.size_gib,
        name=name or UNNAMED,
        usage=disk.usage,
        progress_from_s=call.now_s,
        progress_to_s=call.now_s + call.cloud.settings.snapshot_seconds,
        project_id=disk.project_id,
        encrypt=disk.encrypt,
    )


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
        if self.local_snap or self.disk_backup_id:
            raise errors.ResourceUnavailableNotSupported(reason="LocalSnap, DiskBackupId")
        region = call.here
        disk = find_disk(region, self.disk_id)
        check_disk(disk, region)
        check_region_quota(region)
        check_disk_quota(disk, region)
        snapshot = begin(call, disk, self.snapshot_name)
        snapshot.deadline_s = read_deadline(self.deadline, call.now_s)
        snapshot.usage = self.disk_usage or disk.usage
        snapshot.tags = accepted(call, self.tags)
        await finish(call, region, disk, snapshot)
        return {"SnapshotId": snapshot.id}


async def finish(call: Call, region: Region, disk: Disk, snapshot: Snapshot) -> None:
    """Keep a new snapshot, copy its bytes, and enter what it will do by itself."""
    region.add_snapshot(snapshot)
    contents, agenda, where = call.cloud.contents, call.cloud.world.agenda, region.at(snapshot.id)
    if contents.images and not disk.content:
        disk.content = contents.image(disk.id, disk.size_gib)
    if late := call.struck.get("late_cut"):
        agenda.add(call.now_s + late.after_s, "cut_snapshot", *where, disk.id)
        call.cloud.settle_in(late.after_s)
    else:
        await _cut(call, region, disk, snapshot)
        agenda.add(snapshot.progress_to_s, "finish_snapshot", *where)
    _plan(call, region, snapshot)


def _plan(call: Call, region: Region, snapshot: Snapshot) -> None:
    agenda, where = call.cloud.world.agenda, region.at(snapshot.id)
    if snapshot.deadline_s is not None:
        agenda.add(snapshot.deadline_s, "expire_snapshot", *where)
    if stuck := call.struck.get("stuck"):
        snapshot.stuck_at = stuck.at_percent
    if vanish := call.struck.get("vanish"):
        lasts_s = snapshot.progress_to_s - snapshot.progress_from_s
        agenda.add(call.now_s + lasts_s * vanish.at_percent / 100, "vanish_snapshot", *where)


async def _cut(call: Call, region: Region, disk: Disk, snapshot: Snapshot) -> None:
    contents, world = call.cloud.contents, call.cloud.world
    if not disk.content:
        return
    try:
        cut = await contents.cut(disk.content, snapshot.id, copy_before(region, snapshot))
    except OSError as error:
        region.drop_snapshot(snapshot.id)
        raise InternalError(reason=str(error)) from error
    if call.cloud.world is not world:
        contents.drop(cut.path)
        raise InternalError(reason="a reset came in between")
    snapshot.copy, snapshot.cut, snapshot.held_bytes = cut.path, cut.how, cut.held_bytes
