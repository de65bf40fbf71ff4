"""Snapshots of disks that somebody asks for, at one moment: `POST /v1/snapshots`."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from cbsnap.entry import idempotency
from cbsnap.entry.http import access, places
from cbsnap.entry.http.promises import Key, Promise, at_run
from cbsnap.jobs import request as requests
from cbsnap.model import OnFailure, Quiesce, Transport
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring

DISKS_OF_A_REQUEST = 20
# What the tag service takes (651/13354).
_TAG_VALUE = r"^[\w+\-=.:/@()\[\],;><]+( +[\w+\-=.:/@()\[\],;><]+)*$"


class SnapshotRequest(BaseModel):
    """What is wanted. Without `plan` no host is held, and the snapshots are `crash`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"disk_ids": ["disk-1a2b3c4d"], "plan": "mysql", "title": "before release 7"}]
        },
    )

    disk_ids: list[Annotated[str, Field(pattern=r"^disk-[a-z0-9-]+$", max_length=40)]] = Field(
        min_length=1, max_length=DISKS_OF_A_REQUEST, description="disks of one region"
    )
    region: str | None = Field(None, max_length=40, description="the policy file's first by default")
    plan: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="a plan of the disks' hosts"
    )
    on_failure: OnFailure = Field(
        OnFailure.ABORT, description="when the host cannot be held: no snapshot, or one that is crash only"
    )
    transport: Transport = Field(
        Transport.HTTP, description="how the hosts are asked: at their agents' port, or by commands"
    )
    title: str | None = Field(None, max_length=255, pattern=_TAG_VALUE)
    keep_days: int | None = Field(
        None, ge=1, le=3650, description="the cloud deletes them then; without it, they stay"
    )


def routes(wiring: Wiring) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1/snapshots", tags=["snapshots"])

    @router.post("", status_code=202, **access.only(Scope.SNAPSHOT))
    async def take(body: SnapshotRequest, answer: Response, key: Key = None) -> Promise:
        """Start snapshots of these disks at one moment; a worker takes them."""
        target = places.first(wiring, body.region)
        asked = requests.Asked(
            disk_ids=tuple(body.disk_ids),
            key=key or idempotency.fresh(),
            quiesce=Quiesce.asked(body.plan, body.on_failure, body.transport),
            title=body.title,
            keep_days=body.keep_days,
        )
        cloud = wiring.clouds.at(target)
        made = requests.request(asked, wiring.plan, target, cloud, wiring.workers, wiring.clock)
        answer.headers["Location"] = at_run(str(made.run))
        return Promise(run=str(made.run), key=asked.key, region=cloud.region, names=list(made.names))

    return router
