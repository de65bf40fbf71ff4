"""Snapshots: listed, looked at, and asked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from cbsnap.entry.http import access, paging, places, runs
from cbsnap.entry.http.partial import Readings
from cbsnap.entry.http.times import Moment
from cbsnap.model.cloud import Snapshot
from cbsnap.model.labels import Label
from cbsnap.model.plan import Target
from cbsnap.model.runs import Run
from cbsnap.ports.cloud import Cloud
from cbsnap.rules import names, ours
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring

SnapshotId = Annotated[str, InPath(pattern=r"^snap-[a-z0-9-]{1,40}$", examples=["snap-1a2b3c4d"])]


class SnapshotShown(BaseModel):
    """A snapshot; `policy`, `due` and `run` are null for one that has no name of ours.

    `ours`: it has this deployment's tag, too, and is looked after. `disk_id` is the source's, for a
    copy as its name says.
    """

    id: str
    name: str
    region: str
    disk_id: str | None
    policy: str | None
    due: datetime | None
    run: str | None
    ours: bool
    state: str
    percent: int
    label: Label | None
    title: str | None
    created_at: datetime
    deadline: datetime | None
    size_gib: int
    usage: str
    encrypted: bool
    copied: bool
    locked: bool
    shares: int
    images: list[str]
    drill: str | None


class SnapshotInFull(SnapshotShown):
    """A snapshot, and what the host said of the lease that it was taken under, or null."""

    proof: runs.ProofShown | None


class SnapshotQuery(paging.Paged):
    """Which snapshots are wanted: all that is given must hold."""

    disk_id: Annotated[str | None, Query(pattern=r"^disk-[a-z0-9-]{1,40}$", examples=["disk-1a2b3c4d"])] = (
        None
    )
    policy: Annotated[str | None, Query(max_length=28, examples=["orders-db"])] = None
    label: Annotated[Label | None, Query()] = None
    state: Annotated[str | None, Query(pattern=r"^[A-Z_]{1,40}$", examples=["NORMAL"])] = None
    since: Annotated[Moment | None, Query(description="made then or later")] = None
    until: Annotated[Moment | None, Query(description="made before")] = None
    key: Annotated[str | None, Query(max_length=100, description="of the request with this key")] = None

    def wants(self, one: SnapshotShown) -> bool:
        """Tell whether a snapshot is wanted."""
        return all(
            (
                self.disk_id in {None, one.disk_id},
                self.policy in {None, one.policy},
                self.label in {None, one.label},
                self.state in {None, one.state},
                self.since is None or one.created_at >= self.since,
                self.until is None or one.created_at < self.until,
                self.key is None or _is_of(one, self.key),
            )
        )


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/snapshots", tags=["snapshots"])

    @router.get("", **access.only(Scope.READ))
    async def snapshots(
        asked: Annotated[SnapshotQuery, Query()],
    ) -> paging.Page[SnapshotShown]:
        """List snapshots, newest first in each region."""
        targets = places.targets(wiring, asked.region)
        readings = Readings(targets)
        sources = paging.tolerant([_source(wiring, target, asked) for target in targets], readings)

        def keep(_: int, rows: Sequence[Snapshot]) -> list[SnapshotShown | None]:
            all_shown = [shown(row, wiring.plan.deployment) for row in rows]
            return [one if asked.wants(one) else None for one in all_shown]

        return paging.Page[SnapshotShown](**paging.page(sources, keep, asked), errors=readings.errors)

    @router.get("/{snapshot_id}", **access.only(Scope.READ))
    async def snapshot(snapshot_id: SnapshotId, asked: places.ByRegion) -> SnapshotInFull:
        """Return one snapshot, with the proof that it was taken under when its report can be read."""
        for target in places.targets(wiring, asked.region):
            for found in wiring.clouds.at(target).snapshots([snapshot_id]):
                return _in_full(wiring, found)
        raise HTTPException(404, f"there is no snapshot {snapshot_id} in the regions looked after")

    return router


def shown(snapshot: Snapshot, deployment: str) -> SnapshotShown:
    """Return a snapshot as it is shown."""
    name = names.parse(snapshot.name)
    return SnapshotShown(
        id=snapshot.id,
        name=snapshot.name,
        region=snapshot.region,
        disk_id=snapshot.disk_id or (name.disk_id if name else None),
        policy=name.policy if name else None,
        due=name.due if name else None,
        run=str(Run(name.policy, name.due, name.digest)) if name else None,
        ours=name is not None and snapshot.tags.get(ours.DEPLOYMENT_TAG) == deployment,
        state=snapshot.state,
        percent=snapshot.percent,
        label=ours.label_of(snapshot),
        title=snapshot.tags.get(ours.TITLE_TAG),
        created_at=snapshot.created_at,
        deadline=snapshot.deadline,
        size_gib=snapshot.size_gib,
        usage=snapshot.usage,
        encrypted=snapshot.encrypted,
        copied=snapshot.copied,
        locked=snapshot.locked,
        shares=snapshot.shares,
        images=list(snapshot.image_ids),
        drill=snapshot.tags.get(ours.DRILL_TAG),
    )


def _in_full(wiring: Wiring, snapshot: Snapshot) -> SnapshotInFull:
    told = shown(snapshot, wiring.plan.deployment)
    proof = runs.proof_of(wiring, snapshot.id, snapshot.disk_id, snapshot.created_at) if told.ours else None
    return SnapshotInFull(**dict(told), proof=proof)


def _source(wiring: Wiring, target: Target, wanted: SnapshotQuery) -> paging.Source[Snapshot]:
    """Return where a target's snapshots come from: few of one disk, or the region's list, newest first."""
    if wanted.disk_id is None:
        return _young(
            lambda offset: wiring.listings.at(target).snapshot_rows(offset, wanted.state), wanted.since
        )
    return _of_disk(wiring.clouds.at(target), wanted.disk_id)


def _of_disk(cloud: Cloud, disk_id: str) -> paging.Source[Snapshot]:
    def rows(offset: int) -> tuple[list[Snapshot], int]:
        found = cloud.snapshots_of([disk_id])
        return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)[offset:], len(found)

    return rows


def _young(read: paging.Source[Snapshot], since: datetime | None) -> paging.Source[Snapshot]:
    """End a list that is newest first where it becomes older than that."""

    def rows(offset: int) -> tuple[list[Snapshot], int]:
        found, total = read(offset)
        young = [one for one in found if since is None or one.created_at >= since]
        return young, total if len(young) == len(found) else offset + len(young)

    return rows


def _is_of(one: SnapshotShown, key: str) -> bool:
    if one.policy is None or one.due is None or one.disk_id is None:
        return False
    return names.belongs(one.name, Run(one.policy, one.due, key), one.disk_id)
