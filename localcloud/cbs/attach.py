"""Attaching disks to instances and detaching them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.cbs import errors
from localcloud.cbs.lookup import find_disk, find_instance
from localcloud.cbs.service import SERVICE
from localcloud.devices import DeviceError
from localcloud.errors import InternalError
from localcloud.parameters import Between, OneOf

if TYPE_CHECKING:
    from localcloud.resources import Disk
    from localcloud.service import Answer, Call

DISKS_PER_INSTANCE = 20  # 362/5145 [inferred for every type of instance]
TenDisks = Annotated[list[str], Between(1, 10)]


def plan_disk(call: Call, disk: Disk, instance_id: str = "") -> None:
    """Enter when what was begun with a disk will end."""
    due_s = call.now_s + call.cloud.settings.operation_seconds
    call.cloud.world.agenda.add(due_s, "finish_disk", *call.here.at(disk.id), instance_id)


def _check_portable(disk: Disk) -> None:
    if not disk.portable or disk.usage == "SYSTEM_DISK":
        raise errors.InvalidDiskNotPortable(disk=disk.id)


async def _show_device(call: Call, disk: Disk) -> None:
    """Let a disk with bytes be a device of this machine, where that was chosen at the start."""
    if call.cloud.settings.devices and disk.content:
        try:
            await call.cloud.devices.attach(disk.id, disk.content)
        except DeviceError as error:
            raise InternalError(reason=str(error)) from error


@SERVICE.action
@dataclass(frozen=True)
class AttachDisks:
    """Attach disks to an instance of their zone, all of them or none."""

    instance_id: str
    disk_ids: TenDisks
    delete_with_instance: bool | None = None
    attach_mode: Annotated[str, OneOf("PF", "VF")] | None = None

    async def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        region = call.here
        instance = find_instance(region, self.instance_id)
        disks = [find_disk(region, each) for each in dict.fromkeys(self.disk_ids)]
        for disk in disks:
            self._check(disk)
            if disk.zone != instance.zone:
                raise errors.ResourceUnavailableZoneNotMatch(disk=disk.id, instance=instance.id)
        held = sum(instance.id in disk.instances for disk in region.disks.values())
        if held + len(disks) > DISKS_PER_INSTANCE:
            raise errors.LimitExceededInstanceAttachedDisk(instance=instance.id, limit=DISKS_PER_INSTANCE)
        for disk in disks:
            disk.state = "ATTACHING"
            disk.instances.append(instance.id)
            disk.delete_with_instance = bool(self.delete_with_instance)
            plan_disk(call, disk, instance.id)
            await _show_device(call, disk)
        return {}

    def _check(self, disk: Disk) -> None:
        _check_portable(disk)
        if self.instance_id in disk.instances or (disk.instances and not disk.shareable):
            raise errors.ResourceUnavailableAttached(disk=disk.id)
        if disk.state not in ("ATTACHED", "UNATTACHED"):
            raise errors.InvalidDiskBusy(disk=disk.id, state=disk.state)


@SERVICE.action
@dataclass(frozen=True)
class DetachDisks:
    """Detach disks from their instance, all of them or none."""

    disk_ids: TenDisks
    instance_id: str | None = None

    async def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        disks = [find_disk(call.here, each) for each in dict.fromkeys(self.disk_ids)]
        instances = [self._instance(disk) for disk in disks]
        for disk, instance_id in zip(disks, instances, strict=True):
            disk.state = "DETACHING"
            plan_disk(call, disk, instance_id)
            await call.cloud.devices.detach(disk.id)
        return {}

    def _instance(self, disk: Disk) -> str:
        """Return the instance that a disk leaves; raises what forbids it."""
        _check_portable(disk)
        if disk.state != "ATTACHED":
            raise errors.StateError(resource=disk.id, state=disk.state)
        if self.instance_id is None:
            return disk.instances[0]
        if self.instance_id not in disk.instances:
            raise errors.InvalidInstanceIdNotFound(instance=self.instance_id)
        return self.instance_id
