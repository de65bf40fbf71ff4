"""Disks: what they are, what keeps one from being taken, and how each stands with its policies."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cbsnap.entry import standing
from cbsnap.entry.http import access, paging, places
from cbsnap.entry.http.partial import Readings
from cbsnap.jobs import coverage as owed
from cbsnap.model import Disk, Label, Snapshot, Target
from cbsnap.rules import coverage, ours, quota
from cbsnap.rules.coverage import Coverage, Standing
from cbsnap.rules.fitness import unfit
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring

DISKS_OF_A_CALL = 10  # of DescribeSnapshots, by the filter disk-id
SNAPSHOTS_OF_A_CALL = 100

DiskId = Annotated[str, InPath(pattern=r"^disk-[a-z0-9-]{1,40}$", examples=["disk-1a2b3c4d"])]


class DiskStanding(BaseModel):
    """How a disk stands with one policy; the snapshot is the newest good one, `drill` the last's verdict."""

    policy: str
    standing: Standing
    label: Label | None
    snapshot_id: str | None
    taken_at: datetime | None
    age_s: int | None
    target_s: int
    drill: str | None


class DiskShown(BaseModel):
    """A disk. `unfit`: why it cannot be taken now. `coverage` is empty when no policy selects it."""

    id: str
    name: str
    region: str
    zone: str
    state: str
    usage: str
    type: str
    size_gib: int
    encrypted: bool
    instance_ids: list[str]
    tags: dict[str, str]
    snapshots: int
    snapshots_left: int
    unfit: str | None
    coverage: list[DiskStanding]


class DiskQuery(paging.Paged):
    """Which disks are wanted: all that is given must hold."""

    policy: Annotated[str | None, Query(max_length=28, examples=["orders-db"])] = None
    q: Annotated[str | None, Query(max_length=100, description="part of id, name, instance or tag value")] = (
        None
    )
    standing: Annotated[Standing | None, Query(description="with any of its policies")] = None

    def wants(self, disk: Disk, entries: Sequence[Coverage]) -> bool:
        """Tell whether a disk is wanted; `entries` are how it stands."""
        return (
            (self.q is None or _mentions(disk, self.q.casefold()))
            and (self.policy is None or any(one.policy == self.policy for one in entries))
            and (self.standing is None or any(one.standing is self.standing for one in entries))
        )


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/disks", tags=["disks"])

    @router.get("", **access.only(Scope.READ))
    async def disks(
        asked: Annotated[DiskQuery, Query()],
    ) -> paging.Page[DiskShown]:
        """List disks with their coverage."""
        targets = places.targets(wiring, asked.region)
        readings = Readings(targets)
        views = [_View(wiring, target) for target in targets]
        sources = [wiring.listings.at(target).disk_rows for target in targets]

        def keep(number: int, rows: Sequence[Disk]) -> list[DiskShown | None]:
            return readings.read(number, lambda: views[number].shown(rows, asked)) or []

        page = paging.page(paging.tolerant(sources, readings), keep, asked)
        return paging.Page[DiskShown](**page, errors=readings.errors)

    @router.get("/{disk_id}", **access.only(Scope.READ))
    async def disk(disk_id: DiskId, asked: places.ByRegion) -> DiskShown:
        """Return one disk."""
        for target in places.targets(wiring, asked.region):
            for found in _View(wiring, target).shown(wiring.clouds.at(target).disks([disk_id]), DiskQuery()):
                if found is not None:
                    return found
        raise HTTPException(404, f"there is no disk {disk_id} in the regions looked after")

    return router


class _View:
    """One target's disks as they are shown; its snapshots are read in the fewest calls."""

    def __init__(self, wiring: Wiring, target: Target) -> None:
        self.target = target
        self._cloud = wiring.clouds.at(target)
        self._plan = wiring.plan
        self._now = wiring.clock.now()

    def shown(self, disks: Sequence[Disk], wanted: DiskQuery) -> list[DiskShown | None]:
        """Return each disk as it is shown, or None for those that are not wanted."""
        mine = ours.ours(
            self._snapshots([disk for disk in disks if disk.snapshot_count]), self._plan.deployment
        )
        entries: dict[str, list[Coverage]] = {disk.id: [] for disk in disks}
        for entry in coverage.coverage(disks, self._needs, mine, self._now):
            entries[entry.disk.id].append(entry)
        return [
            self._shown(disk, entries[disk.id]) if wanted.wants(disk, entries[disk.id]) else None
            for disk in disks
        ]

    def _snapshots(self, disks: Sequence[Disk]) -> list[Snapshot]:
        if not disks:
            return []
        if "_all" in self.__dict__ or len(disks) > DISKS_OF_A_CALL * self._calls_for_all:
            return self._all
        return self._cloud.snapshots_of([disk.id for disk in disks])

    @cached_property
    def _calls_for_all(self) -> int:
        return -(-self._cloud.usage().count // SNAPSHOTS_OF_A_CALL)

    @cached_property
    def _all(self) -> list[Snapshot]:
        return self._cloud.snapshots()

    @cached_property
    def _needs(self) -> list[coverage.Need]:
        return owed.needs(self._plan, self._now)

    def _shown(self, disk: Disk, entries: Sequence[Coverage]) -> DiskShown:
        unable = unfit(disk)
        return DiskShown(
            id=disk.id,
            name=disk.name,
            region=disk.region,
            zone=disk.zone,
            state=disk.state,
            usage=disk.usage,
            type=disk.type,
            size_gib=disk.size_gib,
            encrypted=disk.encrypted,
            instance_ids=list(disk.instance_ids),
            tags=dict(disk.tags),
            snapshots=disk.snapshot_count,
            snapshots_left=max(0, quota.disk_limit(self._plan.quota) - disk.snapshot_count),
            unfit=unable.reason if unable else None,
            coverage=[_standing(one, one.policy, one.within) for one in entries if one.policy and one.within],
        )


def _standing(entry: Coverage, policy: str, within: timedelta) -> DiskStanding:
    newest = entry.newest
    return DiskStanding(
        policy=policy,
        standing=entry.standing,
        label=newest.label if newest else None,
        snapshot_id=newest.snapshot.id if newest else None,
        taken_at=newest.snapshot.created_at if newest else None,
        age_s=int(entry.age.total_seconds()) if entry.age is not None else None,
        target_s=int(within.total_seconds()),
        drill=standing.verdict(entry),
    )


def _mentions(disk: Disk, text: str) -> bool:
    words = (disk.id, disk.name, *disk.instance_ids, *disk.tags.values())
    return any(text in word.casefold() for word in words)
