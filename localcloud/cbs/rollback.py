"""Rolling a disk back to one of its snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.cbs import errors
from localcloud.cbs.lookup import check_state, find_disk, find_snapshot
from localcloud.cbs.service import SERVICE
from localcloud.errors import InternalError, InvalidParameter
from localcloud.power import start, stop

if TYPE_CHECKING:
    from localcloud.resources import Disk, Region, Snapshot
    from localcloud.service import Answer, Call


def check_rollback(region: Region, snapshot_id: str, disk_id: str, *, stop: bool) -> tuple[Snapshot, Disk]:
    """Return the snapshot and its disk, or raise what forbids the rollback.

    An attached disk's instance has to be stopped, unless the call may stop it.
    """
    snapshot, disk = find_snapshot(region, snapshot_id), find_disk(region, disk_id)
    check_state(snapshot, "NORMAL")
    if snapshot.disk_id != disk.id or snapshot.from_remote:
        raise errors.InvalidSnapshotNotSupported(snapshot=snapshot.id, reason=f"not of {disk.id}")
    if disk.state not in ("ATTACHED", "UNATTACHED"):
        raise errors.InvalidDiskBusy(disk=disk.id, state=disk.state)
    running = [each for each in disk.instances if region.instances[each].state != "STOPPED"]
    if running and not stop:
        raise errors.InstanceNotStopped(instance=running[0])
    return snapshot, disk


async def roll_back(call: Call, snapshot: Snapshot, disk: Disk, *, restart: bool) -> None:
    """Put the snapshot's bytes back; the states take as long as a snapshot does."""
    region, until_s = call.here, call.now_s + call.cloud.settings.snapshot_seconds
    for instance_id in disk.instances:
        stop(call, region.instances[instance_id])
    before, disk.state, snapshot.state = disk.state, "ROLLBACKING", "ROLLBACKING"
    disk.rollback_from_s, disk.rollback_to_s = call.now_s, until_s
    try:
        await _put_back(call, snapshot, disk)
    except OSError as error:
        disk.state, snapshot.state = before, "NORMAL"
        raise InternalError(reason=str(error)) from error
    call.cloud.world.agenda.add(until_s, "finish_rollback", *region.at(snapshot.id), disk.id)
    if restart:
        for instance_id in disk.instances:
            start(call, region.instances[instance_id], from_s=until_s)


async def _put_back(call: Call, snapshot: Snapshot, disk: Disk) -> None:
    if snapshot.copy and disk.content:
        await call.cloud.contents.restore(snapshot.copy, disk.content)
        call.cloud.contents.grow(disk.content, snapshot.size_gib, disk.size_gib)


@SERVICE.action
@dataclass(frozen=True)
class ApplySnapshot:
    """Roll a disk back to one of its own snapshots."""

    snapshot_id: str
    disk_id: str
    auto_stop_instance: bool = False
    auto_start_instance: bool = False

    async def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        if self.auto_start_instance and not self.auto_stop_instance:
            raise InvalidParameter(name="AutoStartInstance", reason="needs AutoStopInstance")
        pair = check_rollback(call.here, self.snapshot_id, self.disk_id, stop=self.auto_stop_instance)
        await roll_back(call, *pair, restart=self.auto_start_instance)
        return {}
