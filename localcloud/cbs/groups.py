"""Snapshot groups: several disks of one instance, asked for together."""

from __future__ import annotations

from asyncio import gather
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.cbs import errors
from localcloud.cbs.change import check_free
from localcloud.cbs.create import begin, check_disk, check_disk_quota, check_region_quota, finish
from localcloud.cbs.lookup import find_disk
from localcloud.cbs.rollback import check_rollback, roll_back
from localcloud.cbs.service import SERVICE
from localcloud.cbs.views import show_percent
from localcloud.errors import MissingParameter
from localcloud.listing import Columns, Filter
from localcloud.moments import shanghai
from localcloud.parameters import Between, Page
from localcloud.resources import Group
from localcloud.tagging import Tag, accepted
from localcloud.transitions import forget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localcloud.resources import Disk, Region, Snapshot
    from localcloud.service import Answer, Call


def find_group(region: Region, group_id: str) -> Group:
    """Return a snapshot group of the region; raises ResourceNotFound.NotFound."""
    if group_id not in region.groups:
        raise errors.ResourceNotFoundNotFound(resource=group_id)
    return region.groups[group_id]


def _members(region: Region, group: Group) -> list[Snapshot]:
    return [region.snapshots[each] for each in group.snapshots]


def _state(members: Sequence[Snapshot]) -> str:
    states = {each.state for each in members}
    return next((each for each in ("CREATING", "ROLLBACKING") if each in states), "NORMAL")


def _check_one_instance(disks: Sequence[Disk]) -> None:
    common = set(disks[0].instances).intersection(*(disk.instances for disk in disks))
    if not common:
        raise errors.SnapshotGroupDiskAttachMultiInstance(disks=[disk.id for disk in disks])


@SERVICE.action
@dataclass(frozen=True)
class CreateSnapshotGroup:
    """Take snapshots of several disks of one instance, all of them or none; they have no deadline."""

    disk_ids: Annotated[list[str], Between(1, 100)]
    snapshot_group_name: Annotated[str, Between(0, 58)] = ""
    tags: list[Tag] | None = None

    async def answer(self, call: Call) -> Answer:
        """Answer with the group's id; its members are named after it, with `_0`, `_1` and so on."""
        region = call.here
        disks = [find_disk(region, each) for each in dict.fromkeys(self.disk_ids)]
        _check_one_instance(disks)
        for disk in disks:
            check_disk(disk, region)
            check_disk_quota(disk, region)
        check_region_quota(region, len(disks))
        name = self.snapshot_group_name
        members = [begin(call, disk, f"{name}_{n}" if name else "") for n, disk in enumerate(disks)]
        group = Group(call.cloud.new_id("csnap"), name, call.now_s, [each.id for each in members])
        group.tags = accepted(call, self.tags)
        for member in members:
            member.group, member.tags = group.id, dict(group.tags)
        region.groups[group.id] = group
        await gather(*(finish(call, region, disk, each) for disk, each in zip(disks, members, strict=True)))
        return {"SnapshotGroupId": group.id}


_COLUMNS: Columns[tuple[Group, str]] = Columns(
    {
        "snapshot-group-id": lambda row: (row[0].id,),
        "snapshot-group-name": lambda row: (row[0].name,),
        "snapshot-group-state": lambda row: (row[1],),
        "snapshot-id": lambda row: row[0].snapshots,
    }
)


@SERVICE.action
@dataclass(frozen=True)
class DescribeSnapshotGroups:
    """List snapshot groups, the newest first [inferred]."""

    filters: list[Filter] | None = None
    offset: Annotated[int, Between(0, 10**9)] = 0
    limit: Page = 20

    def answer(self, call: Call) -> Answer:
        """Answer with a page of groups and how many there are in all."""
        region = call.here
        rows = [(each, _state(_members(region, each))) for each in reversed(region.groups.values())]
        chosen = _COLUMNS.choose(rows, self.filters)
        shown = chosen[self.offset : self.offset + self.limit]
        return {
            "TotalCount": len(chosen),
            "SnapshotGroupSet": [_show(group, _members(region, group), call.now_s) for group, _ in shown],
        }


def _show(group: Group, members: Sequence[Snapshot], now_s: float) -> Answer:
    images = [{"ImageId": image, "ImageName": image} for each in members for image in each.images]
    return {
        "SnapshotGroupId": group.id,
        "SnapshotGroupName": group.name,
        "SnapshotGroupType": "NORMAL",
        "SnapshotGroupState": _state(members),
        "SnapshotIdSet": group.snapshots,
        "ContainRootSnapshot": any(each.usage == "SYSTEM_DISK" for each in members),
        "Percent": min((show_percent(each, now_s) for each in members), default=100),
        "CreateTime": shanghai(group.created_s),
        "ModifyTime": shanghai(group.created_s),
        "Images": images,
        "ImageCount": len(images),
        "IsPermanent": True,
        "DeadlineTime": None,
        "AutoSnapshotPolicyId": None,
    }


@SERVICE.action
@dataclass(frozen=True)
class DeleteSnapshotGroup:
    """Delete groups with their snapshots, all of them or none."""

    snapshot_group_id: str | None = None
    snapshot_group_ids: list[str] | None = None
    delete_bind_images: bool = False

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        named = [
            *([self.snapshot_group_id] if self.snapshot_group_id else []),
            *(self.snapshot_group_ids or []),
        ]
        if not named:
            raise MissingParameter(name="SnapshotGroupId")
        groups = [find_group(call.here, each) for each in dict.fromkeys(named)]
        doomed = [each for group in groups for each in _members(call.here, group)]
        for snapshot in doomed:
            check_free(snapshot, with_images=self.delete_bind_images)
        for snapshot in doomed:
            forget(call.cloud, call.here, snapshot)
        for group in groups:
            del call.here.groups[group.id]
        return {}


@dataclass(frozen=True)
class ApplyDisk:
    """One disk of a group and the snapshot that it goes back to."""

    snapshot_id: str
    disk_id: str


@SERVICE.action
@dataclass(frozen=True)
class ApplySnapshotGroup:
    """Roll disks of a group back, all of them or none."""

    snapshot_group_id: str
    apply_disks: Annotated[list[ApplyDisk], Between(1, 100)]
    auto_stop_instance: bool = False
    auto_start_instance: bool = False

    async def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        group = find_group(call.here, self.snapshot_group_id)
        for each in self.apply_disks:
            if each.snapshot_id not in group.snapshots:
                raise errors.InvalidSnapshotIdNotFound(snapshot=each.snapshot_id)
        pairs = [
            check_rollback(call.here, each.snapshot_id, each.disk_id, stop=self.auto_stop_instance)
            for each in self.apply_disks
        ]
        for snapshot, disk in pairs:
            await roll_back(call, snapshot, disk, restart=self.auto_start_instance)
        return {}
