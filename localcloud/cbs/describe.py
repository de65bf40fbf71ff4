"""Listing disks and snapshots, and how much the snapshots hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeVar

from localcloud.cbs.lookup import shared_snapshots
from localcloud.cbs.service import SERVICE
from localcloud.cbs.views import GIB, held_bytes, show_disk, show_snapshot
from localcloud.errors import InvalidParameter
from localcloud.listing import Columns, Filter
from localcloud.parameters import Between, Ids, OneOf, Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from localcloud.resources import Disk, Region, Snapshot
    from localcloud.service import Answer, Call

FREE_GIB = 80.0  # what the console shows as free in a region of the mainland [inferred]
Row = TypeVar("Row", "Disk", "Snapshot")


def _chosen(
    rows: Mapping[str, Row],
    ids: Sequence[str] | None,
    columns: Columns[Row],
    filters: Sequence[Filter] | None,
) -> list[Row]:
    """Return the rows asked for by id or by filter, never both; unknown ids are left out [inferred]."""
    if ids and filters:
        raise InvalidParameter(name="Filters", reason="not together with ids")
    if ids:
        return [rows[each] for each in dict.fromkeys(ids) if each in rows]
    return columns.choose(rows.values(), filters)


def _ordered(rows: Iterable[Row], order: str) -> list[Row]:
    """Sort by creation, the newest first unless `ASC` [inferred]; of the same moment, by id."""
    return sorted(rows, key=lambda row: (row.created_s, row.id), reverse=order != "ASC")


def _disk_columns(region: Region) -> Columns[Disk]:
    def attached(disk: Disk, field: str) -> list[str]:
        return [getattr(region.instances[each], field) for each in disk.instances if each in region.instances]

    return Columns(
        {
            "disk-id": lambda disk: (disk.id,),
            "disk-name": lambda disk: (disk.name,),
            "disk-usage": lambda disk: (disk.usage,),
            "disk-type": lambda disk: (disk.kind,),
            "disk-state": lambda disk: (disk.state,),
            "disk-charge-type": lambda disk: (disk.charge,),
            "portable": lambda disk: (str(disk.portable).upper(),),
            "project-id": lambda disk: (str(disk.project_id),),
            "instance-id": lambda disk: disk.instances,
            "instance-ip-address": lambda disk: attached(disk, "ip"),
            "instance-name": lambda disk: attached(disk, "name"),
            "zone": lambda disk: (disk.zone,),
            "dedicated-cluster-id": lambda _: (),
            "cluster-group-id": lambda _: (),
        },
        tags=lambda disk: disk.tags,
    )


@SERVICE.rated(100)  # 362/15634
@dataclass(frozen=True)
class DescribeDisks:
    """List disks. Never shown: dedicated clusters, backup points."""

    disk_ids: Ids | None = None
    filters: list[Filter] | None = None
    limit: Page = 20
    offset: Annotated[int, Between(0, 10**9)] = 0
    order: Annotated[str, OneOf("ASC", "DESC")] = "DESC"
    order_field: Annotated[str, OneOf("CREATE_TIME", "DEADLINE")] = "CREATE_TIME"
    return_bind_auto_snapshot_policy: bool = False

    def answer(self, call: Call) -> Answer:
        """Answer with a page of disks and how many there are in all."""
        region = call.here
        policies = self.return_bind_auto_snapshot_policy
        rows = _chosen(region.disks, self.disk_ids, _disk_columns(region), self.filters)
        shown = _ordered(rows, self.order)[self.offset : self.offset + self.limit]
        return {
            "TotalCount": len(rows),
            "DiskSet": [show_disk(each, region, call.now_s, with_policies=policies) for each in shown],
        }


def _snapshot_columns(region: Region) -> Columns[Snapshot]:
    return Columns(
        {
            "snapshot-id": lambda snapshot: (snapshot.id,),
            "snapshot-name": lambda snapshot: (snapshot.name,),
            "snapshot-state": lambda snapshot: (snapshot.state,),
            "snapshot-type": lambda snapshot: (_kind(snapshot, region),),
            "disk-id": lambda snapshot: () if snapshot.from_remote else (snapshot.disk_id,),
            "disk-usage": lambda snapshot: (snapshot.usage,),
            "project-id": lambda snapshot: (str(snapshot.project_id),),
            "encrypt": lambda snapshot: (str(snapshot.encrypt).upper(),),
        },
        most={"disk-id": 10},
    )


def _kind(snapshot: Snapshot, region: Region) -> str:
    return "SHARED_SNAPSHOT" if snapshot.id in region.shared_here else "PRIVATE_SNAPSHOT"


@SERVICE.action
@dataclass(frozen=True)
class DescribeSnapshots:
    """List snapshots, those that others share with the caller too. There is no filter by tag."""

    snapshot_ids: Ids | None = None
    filters: list[Filter] | None = None
    limit: Page = 20
    offset: Annotated[int, Between(0, 10**9)] = 0
    order: Annotated[str, OneOf("ASC", "DESC")] = "DESC"
    order_field: Annotated[str, OneOf("CREATE_TIME")] = "CREATE_TIME"

    def answer(self, call: Call) -> Answer:
        """Answer with a page of snapshots and how many there are in all."""
        region = call.here
        every = region.snapshots | {each.id: each for each in shared_snapshots(call)}
        rows = _chosen(every, self.snapshot_ids, _snapshot_columns(region), self.filters)
        shown = _ordered(rows, self.order)[self.offset : self.offset + self.limit]
        return {
            "TotalCount": len(rows),
            "SnapshotSet": [
                show_snapshot(each, call.now_s, shared=each.id in region.shared_here) for each in shown
            ],
        }


@SERVICE.action
@dataclass(frozen=True)
class DescribeSnapshotOverview:
    """Count the region's snapshots. FreeQuota is of billed GiB, not of snapshots."""

    def answer(self, call: Call) -> Answer:
        """Answer with sizes in GiB."""
        snapshots = call.here.snapshots.values()
        size_gib = sum(map(held_bytes, snapshots)) / GIB
        return {
            "TotalSize": size_gib,
            "TotalNums": len(snapshots),
            "FreeQuota": FREE_GIB,
            "RealTradeSize": max(0.0, size_gib - FREE_GIB),
        }


@SERVICE.action
@dataclass(frozen=True)
class GetSnapOverview(DescribeSnapshotOverview):
    """The older name of DescribeSnapshotOverview, being retired."""
