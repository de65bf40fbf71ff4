"""The HTTP API: what can be seen, and a snapshot on request.

One request is served at a time by an instance of the function, so that the endpoints call the
jobs directly. Who may call and how errors look is decided in `http_edge`.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query
from pydantic import BaseModel, ConfigDict, Field

from cbsnap.entry import http_edge, http_upkeep
from cbsnap.errors import InputError
from cbsnap.jobs import request as requests
from cbsnap.model import OnFailure, Quiesce, Run
from cbsnap.rules import names, quota
from cbsnap.rules.fitness import unfit
from cbsnap.rules.ours import LABEL_TAG

if TYPE_CHECKING:
    from cbsnap.model import Disk, Snapshot, Target
    from cbsnap.ports import Cloud
    from cbsnap.wiring import Wiring

DISKS_OF_A_REQUEST = 20
_TAG_VALUE = (
    r"^[\w+\-=.:/@()\[\],;><]+( +[\w+\-=.:/@()\[\],;><]+)*$"  # what the tag service takes (651/13354)
)

Region = Annotated[str | None, Query(description="a region of the policy file; its first one by default")]
Key = Annotated[str | None, Header(alias="Idempotency-Key", pattern=r"^[!-~]{1,100}$")]


class SnapshotRequest(BaseModel):
    """The body of POST /v1/snapshots."""

    model_config = ConfigDict(extra="forbid")

    disk_ids: list[Annotated[str, Field(pattern=r"^disk-[a-z0-9]+$", max_length=40)]] = Field(
        min_length=1, max_length=DISKS_OF_A_REQUEST
    )
    region: str | None = None
    plan: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    on_failure: OnFailure = OnFailure.ABORT
    title: str | None = Field(None, max_length=255, pattern=_TAG_VALUE)


def application(wiring: Wiring) -> FastAPI:
    """Return the application; nothing is read or sent yet."""
    app = FastAPI(title="cbsnap", version="1", docs_url=None, redoc_url=None)
    app.include_router(_open_routes())
    app.include_router(_routes(wiring), dependencies=[Depends(http_edge.bearer(wiring.tokens))])
    app.include_router(http_upkeep.routes(wiring), dependencies=[Depends(http_edge.bearer(wiring.tokens))])
    http_edge.guard(app)
    return app


def _open_routes() -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Say that the function runs."""
        return {"status": "ok"}

    return router


def _routes(wiring: Wiring) -> APIRouter:
    router = APIRouter(prefix="/v1")

    @router.get("/disks")
    async def disks(region: Region = None) -> dict[str, Any]:
        """List the region's disks, and why one cannot be taken now."""
        cloud = _cloud(wiring, region)
        return {"region": cloud.region, "disks": [_disk(one) for one in cloud.disks()]}

    @router.get("/snapshots")
    async def snapshots(
        region: Region = None, disk_id: str | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """List snapshots with names of ours, of one disk or of one request's key."""
        cloud = _cloud(wiring, region)
        listed = cloud.snapshots_of([disk_id]) if disk_id else cloud.snapshots()
        return {
            "region": cloud.region,
            "snapshots": [_snapshot(one) for one in listed if _asked_for(one, key)],
        }

    @router.get("/quota")
    async def quotas(region: Region = None) -> dict[str, Any]:
        """Tell the region's limit, what is used and what is left."""
        cloud = _cloud(wiring, region)
        usage = cloud.usage()
        room = quota.region_room(wiring.plan.quota, len(cloud.disks()), usage)
        return {
            "region": cloud.region,
            "limit": room.limit,
            "used": room.used,
            "left": room.left,
            "size_gib": usage.size_gib,
        }

    @router.post("/snapshots", status_code=202)
    async def take(body: SnapshotRequest, key: Key = None) -> dict[str, Any]:
        """Start snapshots of these disks at one moment; the same Idempotency-Key never takes them twice."""
        target = _target(wiring, body.region)
        cloud = wiring.clouds.at(target)
        asked = requests.Asked(
            disk_ids=tuple(body.disk_ids),
            key=key or secrets.token_hex(16),
            quiesce=Quiesce(body.plan, on_failure=body.on_failure) if body.plan else None,
            title=body.title,
        )
        made = requests.request(asked, wiring.plan, target, cloud, wiring.workers, wiring.clock)
        return {"run": str(made.run), "key": asked.key, "region": cloud.region, "names": list(made.names)}

    return router


def _cloud(wiring: Wiring, region: str | None) -> Cloud:
    return wiring.clouds.at(_target(wiring, region))


def _target(wiring: Wiring, region: str | None) -> Target:
    targets = wiring.plan.targets
    for target in targets:
        if region in (None, target.region):
            return target
    known = ", ".join(target.region for target in targets)
    raise InputError("region", f"{region} is not looked after; the policy file has {known}")


def _disk(disk: Disk) -> dict[str, Any]:
    unable = unfit(disk)
    return {
        "id": disk.id,
        "name": disk.name,
        "state": disk.state,
        "usage": disk.usage,
        "size_gib": disk.size_gib,
        "zone": disk.zone,
        "instance_ids": list(disk.instance_ids),
        "snapshots": disk.snapshot_count,
        "tags": dict(disk.tags),
        "unfit": unable.reason if unable else None,
    }


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    parsed = names.parse(snapshot.name)
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "disk_id": snapshot.disk_id,
        "policy": parsed.policy if parsed else None,
        "state": snapshot.state,
        "percent": snapshot.percent,
        "label": snapshot.tags.get(LABEL_TAG),
        "title": snapshot.tags.get("cbsnap:title"),
        "created_at": snapshot.created_at.isoformat(),
        "size_gib": snapshot.size_gib,
    }


def _asked_for(snapshot: Snapshot, key: str | None) -> bool:
    """Tell whether a snapshot has a name of ours and, if a key is given, is of that request."""
    parsed = names.parse(snapshot.name)
    if parsed is None:
        return False
    return key is None or names.belongs(snapshot.name, Run(parsed.policy, parsed.due, key), parsed.disk_id)
