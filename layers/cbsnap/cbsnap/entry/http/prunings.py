"""Pruning now: a dry run of retention, then the same after it was agreed to."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from cbsnap.entry import listing
from cbsnap.entry.http import access, places
from cbsnap.errors import CloudError
from cbsnap.jobs import prune_on_request
from cbsnap.jobs.inventory import Inventory
from cbsnap.model.labels import Label
from cbsnap.ports.lifecycle import Ending
from cbsnap.rules.tokens import Scope
from cbsnap.upkeep import Action, Change, Finding, Note, Trouble
from cbsnap.wiring import Wiring


class Scoped(BaseModel):
    """What is pruned: all policies in all regions, or one of them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"policy": "orders-db"}]})

    policy: str | None = Field(None, max_length=28)
    region: str | None = Field(None, max_length=40)


class Agreed(Scoped):
    """The same, and the agreement to the dry run."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"confirm": "0123456789abcdef"}]})

    confirm: Annotated[str, Field(max_length=64, description="`confirm` of the dry run")]


class Verdict(BaseModel):
    """What retention makes of one snapshot."""

    snapshot_id: str
    region: str
    disk_id: str
    policy: str
    due: datetime
    label: Label | None
    stays: bool
    reason: str


class DryRun(BaseModel):
    """What would be deleted; `frees_gib` is an estimate, `confirm` what to agree with."""

    confirm: str
    deletes: int
    frees_gib: float
    snapshots: list[Verdict]


class ChangeMade(BaseModel):
    """One thing that was done."""

    action: Action
    region: str
    subject: str
    reason: str
    policy: str | None


class FindingMade(BaseModel):
    """One thing that a person should know."""

    trouble: Trouble
    region: str
    subject: str
    reason: str
    policy: str | None


class Pruned(BaseModel):
    """What was deleted, and what was refused or held back; `error`: why it could not go on, or null."""

    changes: list[ChangeMade]
    findings: list[FindingMade]
    error: str | None


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/prunings", tags=["prunings"])

    @router.post("/plan", **access.only(Scope.READ))
    async def plan(body: Scoped) -> DryRun:
        """Tell what would be deleted now, with the reasons; nothing is."""
        rules = prune_on_request.narrowed(wiring.plan, body.policy)
        proposal = prune_on_request.propose(rules, _ends(wiring, body.region), wiring.clock.now())
        return DryRun(
            confirm=proposal.confirm,
            deletes=proposal.deletes,
            frees_gib=proposal.frees_gib,
            snapshots=[Verdict(**value) for value in listing.values(one for _, one in proposal.judged)],
        )

    @router.post("", **access.only(Scope.ADMIN))
    async def pruned(body: Agreed) -> Pruned:
        """Delete what the dry run has shown; 409 when it would be something else by now."""
        rules = prune_on_request.narrowed(wiring.plan, body.policy)
        ends = _ends(wiring, body.region)
        proposal = prune_on_request.propose(rules, ends, wiring.clock.now())
        return _told(prune_on_request.carry_out(proposal, body.confirm, ends))

    return router


def _ends(wiring: Wiring, region: str | None) -> dict[Inventory, Ending]:
    """Return what the regions hold now, each with the way to delete of it."""
    return {
        Inventory(wiring.clouds.at(target), wiring.plan.deployment): wiring.lifecycles.at(target)
        for target in places.targets(wiring, region)
    }


def _told(notes: Iterator[Note]) -> Pruned:
    """Return what was done, also when it could not go on."""
    told: list[Note] = []
    error = None
    try:
        told.extend(notes)
    except CloudError as failed:
        error = str(failed)
    return Pruned(
        changes=[ChangeMade(**asdict(one)) for one in told if isinstance(one, Change)],
        findings=[FindingMade(**asdict(one)) for one in told if isinstance(one, Finding)],
        error=error,
    )
