"""Listing disks and snapshots, and how much the snapshots hold."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Generic, TypeVar

from localcloud.cbs.lookup import shared_snapshots
from localcloud.cbs.service import SERVICE
from localcloud.cbs.views import GIB, held_bytes, show_disk, show_snapshot
from localcloud.errors import InvalidParameter
from localcloud.listing import Columns, Filter, as_key
from localcloud.parameters import Between, Ids, OneOf, Page
from localcloud.resources import Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.resources import Disk, Region, Snapshot
    from localcloud.service import Answer, Call

FREE_GIB = 80.0  # what the console shows as free in a region of the mainland [inferred]
Row = TypeVar("Row", "Disk", "Snapshot")


@dataclass(frozen=True)
class _List(Generic[Row]):
    """One of the two lists: its rows by id, in order, and what they can be filtered by."""

    name: str
    rows: Mapping[str, Row]
    order: Order
    columns: Columns[Row]

    def page(
        self, call: Call, asked: DescribeDisks | DescribeSnapshots, ids: list[str] | None
    ) -> tuple[int, list[Row]]:
        """Return how many rows are meant, by id or by filter or all, and the page of them that is asked.

        Unknown ids are left out, and the newest row comes first unless `ASC` is asked [both inferred].
        """
        newest_first, end = asked.order != "ASC", asked.offset + asked.limit
        if ids and asked.filters:
            raise InvalidParameter(name="Filters", reason="not together with ids")
        if not ids and not asked.filters:
            page = self.order.ids(asked.offset, end, newest_first=newest_first)
            return len(self.order), [self.rows[each] for each in page]
        key = (
            self.name,
            call.here.uin,
            call.here.name,
            as_key(asked.filters),
            tuple(ids or ()),
            newest_first,
        )
        meant = call.cloud.kept(key, lambda: self._chosen(asked.filters, ids, newest_first=newest_first))
        return len(meant), meant[asked.offset : end]

    def _chosen(
        self, filters: list[Filter] | None, ids: list[str] | None, *, newest_first: bool
    ) -> list[Row]:
        if ids:
            known = [self.rows[each] for each in dict.fromkeys(ids) if each in self.rows]
            return sorted(known, key=lambda row: (row.created_s, row.id), reverse=newest_first)
        every = [self.rows[each] for each in self.order.ids(newest_first=newest_first)]
        return self.columns.choose(every, filters)


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
        disks = _List("disks", region.disks, region.disk_order, _disk_columns(region))
        total, shown = disks.page(call, self, self.disk_ids)
        return {
            "TotalCount": total,
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
        snapshots = _List("snapshots", *self._candidates(call), _snapshot_columns(region))
        total, shown = snapshots.page(call, self, self.snapshot_ids)
        return {
            "TotalCount": total,
            "SnapshotSet": [
                show_snapshot(each, call.now_s, shared=each.id in region.shared_here) for each in shown
            ],
        }

    def _candidates(self, call: Call) -> tuple[Mapping[str, Snapshot], Order]:
        """Return the snapshots that can be meant: those of the disks that are named, or all."""
        region = call.here
        disks = next((each.values for each in self.filters or () if each.name == "disk-id"), None)
        shared = {each.id: each for each in shared_snapshots(call)}
        if disks is not None:
            few = shared | {each.id: each for disk in disks for each in region.snapshots_of(disk)}
            return few, Order(few.values())
        if not shared:
            return region.snapshots, region.snapshot_order
        every = ChainMap(region.snapshots, shared)
        return every, Order(every.values())


@SERVICE.action
@dataclass(frozen=True)
class DescribeSnapshotOverview:
    """Count the region's snapshots. FreeQuota is of billed GiB, not of snapshots."""

    def answer(self, call: Call) -> Answer:
        """Answer with sizes in GiB."""
        region = call.here
        snapshots = region.snapshots.values()
        key = ("overview", region.uin, region.name)
        size_gib = call.cloud.kept(key, lambda: sum(map(held_bytes, snapshots))) / GIB
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
