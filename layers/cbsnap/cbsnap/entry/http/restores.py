"""Restores: planned and shown, agreed to, handed over, and followed by their key."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from cbsnap.entry import idempotency
from cbsnap.entry.http import access, places
from cbsnap.entry.http.promises import Key
from cbsnap.entry.http.times import Moment
from cbsnap.errors import InputError
from cbsnap.jobs import restore
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.restore import Agreed, AskedClone, AskedRollback
from cbsnap.model.plan import Target
from cbsnap.restoration import Progress, State
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring

MOST_DISKS = 20
DiskId = Annotated[str, Field(pattern=r"^disk-[a-z0-9-]{1,40}$")]
SnapshotId = Annotated[str, Field(pattern=r"^snap-[a-z0-9-]{1,40}$")]
InstanceId = Annotated[str, Field(pattern=r"^ins-[a-z0-9-]{1,40}$")]


_ROLLBACK: JsonDict = {"kind": "rollback", "snapshot_id": "snap-1a2b3c4d", "stop": True, "start": True}
_CLONE: JsonDict = {"kind": "clone", "snapshot_ids": ["snap-1a2b3c4d"], "attach_to": "ins-1a2b3c4d"}
_AGREEMENT = r"^[0-9a-f]{16}$"
_OUR_WORDS = {"instance_id": "instance_id_of", "key": "Idempotency-Key"}  # the core's fields, as sent


class Rollback(BaseModel):
    """A disk is put back to one of its snapshots; `stop` and `start`: its instance, if it runs."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_ROLLBACK]})

    kind: Literal["rollback"]
    region: str | None = Field(None, max_length=40)
    snapshot_id: SnapshotId
    stop: bool = False
    start: bool = False

    def asked(self) -> AskedRollback:
        """Return the same in the core's words."""
        return AskedRollback(self.snapshot_id, self.stop, self.start)


class Clone(BaseModel):
    """New disks, of snapshots, or of disks or an instance's data disks as of a time."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_CLONE]})

    kind: Literal["clone"]
    region: str | None = Field(None, max_length=40)
    snapshot_ids: list[SnapshotId] = Field([], max_length=MOST_DISKS)
    disk_ids: list[DiskId] = Field([], max_length=MOST_DISKS)
    instance_id_of: InstanceId | None = Field(None, description="all data disks of this instance")
    as_of: Moment | None = Field(None, description="the latest run by then that has all of them")
    attach_to: InstanceId | None = None
    zone: str | None = Field(None, max_length=40)
    size_gib: int | None = Field(None, ge=10, le=32_000)
    type: str | None = Field(None, pattern=r"^[A-Z0-9_]{1,40}$")

    def asked(self) -> AskedClone:
        """Return the same in the core's words."""
        return AskedClone(
            snapshot_ids=tuple(self.snapshot_ids),
            disk_ids=tuple(self.disk_ids),
            instance_id=self.instance_id_of,
            as_of=self.as_of,
            attach_to=self.attach_to,
            zone=self.zone,
            size_gib=self.size_gib,
            type=self.type,
        )


class AgreedRollback(Rollback):
    """The same, agreed to: `typed` is the id of the disk that is overwritten."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{**_ROLLBACK, "confirm": "0123456789abcdef", "typed": "disk-1a2b3c4d"}]
        }
    )

    confirm: str = Field(pattern=_AGREEMENT)
    typed: str = Field(max_length=50)


class AgreedClone(Clone):
    """The same, agreed to."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_CLONE, "confirm": "0123456789abcdef"}]})

    confirm: str = Field(pattern=_AGREEMENT)
    typed: str = Field("", max_length=50)


class Proposal(BaseModel):
    """What would be done; `disk_id` is what has to be typed, null when nothing is overwritten."""

    confirm: str
    region: str
    steps: list[str]
    warnings: list[str]
    disk_id: str | None


class Promised(BaseModel):
    """A restore that was handed over."""

    key: str
    region: str


class Step(BaseModel):
    """One step, and whether it is done."""

    text: str
    done: bool


class RestoreShown(BaseModel):
    """How far a restore has come; `kind` is null while nothing of it can be seen."""

    key: str
    kind: str | None
    state: State
    percent: int | None
    steps: list[Step]
    snapshot_ids: list[str]
    disk_ids: list[str]
    reason: str


Wanted = Annotated[Rollback | Clone, Body(discriminator="kind")]
AgreedTo = Annotated[AgreedRollback | AgreedClone, Body(discriminator="kind")]
RestoreKey = Annotated[str, InPath(max_length=100, description="the Idempotency-Key of the restore")]


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/restores", tags=["restores"])

    @router.post("/plan", **access.only(Scope.READ))
    async def plan(body: Wanted) -> Proposal:
        """Tell what would be done, step by step, and what to beware of; nothing is."""
        here = _inventory(wiring, places.first(wiring, body.region))
        with _in_the_words_of_the_request():
            proposal = restore.propose(body.asked(), here, wiring.plan.quota)
        return Proposal(
            confirm=proposal.confirm,
            region=here.region,
            steps=list(proposal.steps),
            warnings=list(proposal.warnings),
            disk_id=proposal.disk_id,
        )

    @router.post("", status_code=202, **access.only(Scope.RESTORE))
    async def start(body: AgreedTo, answer: Response, key: Key = None) -> Promised:
        """Restore as agreed to; 409 when it would be something else by now."""
        target, key = (
            places.first(wiring, body.region),
            key or idempotency.of_restore(body.asked(), body.confirm),
        )
        here, agreed = _inventory(wiring, target), Agreed(key, body.confirm, body.typed)
        with _in_the_words_of_the_request():
            restore.start(body.asked(), agreed, wiring.plan, target, here, wiring.keeper, wiring.clock)
        answer.headers["Location"] = f"/v1/restores/{quote(key, safe='')}?region={here.region}"
        return Promised(key=key, region=here.region)

    @router.get("/{key:path}", **access.only(Scope.READ))
    async def progress(key: RestoreKey, asked: places.ByRegion) -> RestoreShown:
        """Tell how far a restore has come; a key that nobody used looks like one that waits."""
        found = _found(wiring, key, places.targets(wiring, asked.region))
        return RestoreShown(
            key=found.key,
            kind=found.kind,
            state=found.state,
            percent=found.percent,
            steps=[Step(text=text, done=done) for text, done in found.steps],
            snapshot_ids=list(found.snapshot_ids),
            disk_ids=list(found.disk_ids),
            reason=found.reason,
        )

    return router


def _inventory(wiring: Wiring, target: Target) -> Inventory:
    return Inventory(wiring.clouds.at(target), wiring.plan.deployment)


def _found(wiring: Wiring, key: str, targets: Sequence[Target]) -> Progress:
    for target in targets:
        progress = restore.status(key, _inventory(wiring, target), wiring.clock.now())
        if progress.kind is not None:
            return progress
    return Progress(key)


@contextmanager
def _in_the_words_of_the_request() -> Iterator[None]:
    """Name a field as the request has it."""
    try:
        yield
    except InputError as wrong:
        wrong.field = _OUR_WORDS.get(wrong.field, wrong.field)
        raise
