"""Making disks, changing them, giving them back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.cbs import errors
from localcloud.cbs.attach import plan_disk
from localcloud.cbs.lookup import check_state, find_disk, find_snapshot, shared_snapshots
from localcloud.cbs.service import SERVICE
from localcloud.errors import InternalError, InvalidParameterValue, MissingParameter
from localcloud.parameters import Between, OneOf
from localcloud.resources import UNNAMED, Disk
from localcloud.tagging import Tag, accepted
from localcloud.transitions import forget

if TYPE_CHECKING:
    from localcloud.resources import Region, Snapshot
    from localcloud.service import Answer, Call

MONTH_S = 30 * 86_400
Size = Annotated[int, Between(10, 32_000)]
DiskType = Annotated[
    str, OneOf("CLOUD_PREMIUM", "CLOUD_BSSD", "CLOUD_SSD", "CLOUD_HSSD", "CLOUD_TSSD")
]  # SDK


@dataclass(frozen=True)
class Placement:
    """Where a disk is to lie; only the zone and the project count here."""

    zone: str
    cage_id: str | None = None
    cdc_id: str | None = None
    cdc_name: str | None = None
    dedicated_cluster_id: str | None = None
    project_id: int = 0
    project_name: str | None = None


@dataclass(frozen=True)
class DiskChargePrepaid:
    """For how many months a disk is paid in advance."""

    period: Annotated[int, Between(1, 36)] = 1
    renew_flag: str | None = None
    cur_instance_deadline: str | None = None


@dataclass(frozen=True)
class AutoMountConfiguration:
    """Where a new disk is to be mounted; taken and not done."""

    instance_id: list[str] | None = None
    mount_point: list[str] | None = None
    file_system_type: str | None = None


@SERVICE.action
@dataclass(frozen=True)
class CreateDisks:
    """Make disks, empty or with the bytes of a data disk's snapshot.

    Not emulated: mounting, performance, backup points and keys are taken and change nothing.
    """

    placement: Placement
    disk_charge_type: Annotated[str, OneOf("PREPAID", "POSTPAID_BY_HOUR", "CDCPAID")]
    disk_type: DiskType
    disk_name: Annotated[str, Between(0, 60)] = ""
    tags: list[Tag] | None = None
    snapshot_id: str | None = None
    disk_count: Annotated[int, Between(1, 50)] = 1
    throughput_performance: int | None = None
    kms_key_id: str | None = None
    disk_size: Size | None = None
    shareable: bool = False
    client_token: Annotated[str, Between(1, 64)] | None = None
    encrypt: Annotated[str, OneOf("ENCRYPT")] | None = None
    disk_charge_prepaid: DiskChargePrepaid | None = None
    delete_snapshot: int = 0
    auto_mount_configuration: AutoMountConfiguration | None = None
    disk_backup_quota: int | None = None
    burst_performance: bool | None = None
    encrypt_type: str | None = None

    async def answer(self, call: Call) -> Answer:
        """Answer with the new disks' ids; the same ClientToken gives the same ids again."""
        region = call.here
        if self.client_token in region.disk_tokens:
            return {"DiskIdSet": region.disk_tokens[self.client_token]}
        if not re.fullmatch(rf"{re.escape(region.name)}-\d+", self.placement.zone):
            raise InvalidParameterValue(name="Placement.Zone", reason=f"`{self.placement.zone}`")
        source = self._source(call)
        disks = [self._made(call, source) for _ in range(self.disk_count)]
        if self.client_token:
            region.disk_tokens[self.client_token] = [disk.id for disk in disks]
        for disk in disks:
            region.add_disk(disk)
            if source:
                await _fill(call, disk, source)
        return {"DiskIdSet": [disk.id for disk in disks]}

    def _source(self, call: Call) -> Snapshot | None:
        if self.snapshot_id is None:
            if self.disk_size is None:
                raise MissingParameter(name="DiskSize")
            return None
        shared = {each.id: each for each in shared_snapshots(call)}
        source = shared.get(self.snapshot_id) or find_snapshot(call.here, self.snapshot_id)
        check_state(source, "NORMAL")
        if source.usage != "DATA_DISK":
            raise errors.InvalidSnapshotNotSupported(snapshot=source.id, reason=source.usage)
        if self.disk_size is not None and self.disk_size < source.size_gib:
            raise errors.InvalidParameterDiskSizeNotMatch(size=self.disk_size, least=source.size_gib)
        return source

    def _made(self, call: Call, source: Snapshot | None) -> Disk:
        months = (self.disk_charge_prepaid or DiskChargePrepaid()).period
        prepaid = self.disk_charge_type == "PREPAID"
        return Disk(
            id=call.cloud.new_id("disk"),
            zone=self.placement.zone,
            created_s=call.now_s,
            size_gib=self.disk_size or (source.size_gib if source else 0),
            name=self.disk_name or UNNAMED,
            kind=self.disk_type,
            charge=self.disk_charge_type,
            deadline_s=call.now_s + months * MONTH_S if prepaid else None,
            project_id=self.placement.project_id,
            shareable=self.shareable,
            encrypt=self.encrypt is not None or (source is not None and source.encrypt),
            tags=accepted(call, self.tags),
        )


async def _fill(call: Call, disk: Disk, source: Snapshot) -> None:
    """Give a new disk its snapshot's bytes; it is DUMPING for a while [inferred]."""
    disk.state = "DUMPING"
    try:
        if source.copy:
            disk.content = (await call.cloud.contents.cut(source.copy, f"{disk.id}.img")).path
            call.cloud.contents.grow(disk.content, source.size_gib, disk.size_gib)
    except OSError as error:
        call.here.drop_disk(disk)
        raise InternalError(reason=str(error)) from error
    plan_disk(call, disk)  # only now: a disk at rest has its bytes


@SERVICE.action
@dataclass(frozen=True)
class TerminateDisks:
    """Give disks back: one paid by the hour is gone at once, a prepaid one goes to the recycle bin."""

    disk_ids: Annotated[list[str], Between(1, 100)]
    delete_snapshot: int = 0

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        region = call.here
        disks = [find_disk(region, each) for each in dict.fromkeys(self.disk_ids)]
        for disk in disks:
            if disk.instances:
                raise errors.ResourceUnavailableAttached(disk=disk.id)
            if disk.state != "UNATTACHED":
                raise errors.InvalidDiskBusy(disk=disk.id, state=disk.state)
        for disk in disks:
            self._end(call, region, disk)
        return {}

    def _end(self, call: Call, region: Region, disk: Disk) -> None:
        if self.delete_snapshot:
            for snapshot in region.snapshots_of(disk.id):
                if snapshot.deadline_s is not None:
                    forget(call.cloud, region, snapshot)
        if disk.charge == "PREPAID":
            disk.state = "TORECYCLE"
        else:
            region.drop_disk(disk)
            call.cloud.contents.drop_own(disk.content)


@SERVICE.action
@dataclass(frozen=True)
class ResizeDisk:
    """Make a disk larger; an image of its own grows with it."""

    disk_size: Size
    disk_id: str

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        disk = find_disk(call.here, self.disk_id)
        if disk.state not in ("ATTACHED", "UNATTACHED"):
            raise errors.InvalidDiskBusy(disk=disk.id, state=disk.state)
        if self.disk_size <= disk.size_gib:
            raise InvalidParameterValue(name="DiskSize", reason=f"{self.disk_size} <= {disk.size_gib}")
        call.cloud.contents.grow(disk.content, disk.size_gib, self.disk_size)
        disk.state, disk.size_gib = "EXPANDING", self.disk_size
        plan_disk(call, disk)
        return {}


@SERVICE.action
@dataclass(frozen=True)
class ModifyDiskAttributes:
    """Change a disk's name, project or what becomes of it with its instance; its type is not changed here."""

    disk_ids: Annotated[list[str], Between(1, 100)]
    disk_name: Annotated[str, Between(1, 60)] | None = None
    portable: bool | None = None
    project_id: int | None = None
    delete_with_instance: bool | None = None
    disk_type: str | None = None
    burst_performance_operation: Annotated[str, OneOf("CREATE", "CANCEL")] | None = None

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        disks = [find_disk(call.here, each) for each in dict.fromkeys(self.disk_ids)]
        if self.disk_type is not None:
            raise errors.ResourceUnavailableNotSupported(reason="DiskType")
        changes = {
            "name": self.disk_name,
            "portable": self.portable,
            "project_id": self.project_id,
            "delete_with_instance": self.delete_with_instance,
            "burst": {"CREATE": True, "CANCEL": False}.get(self.burst_performance_operation or ""),
        }
        for disk in disks:
            for field, value in changes.items():
                setattr(disk, field, getattr(disk, field) if value is None else value)
        return {}
