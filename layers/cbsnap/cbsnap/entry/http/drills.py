"""Drills: how each policy's newest one stands, and one begun now."""

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from cbsnap.entry import idempotency
from cbsnap.entry.http import access, places
from cbsnap.entry.http.partial import Errors, Readings
from cbsnap.entry.http.promises import Key
from cbsnap.jobs import drill, standings
from cbsnap.jobs.inventory import Inventory
from cbsnap.rules.drillreports import Cut, Verdict
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring


class CheckShown(BaseModel):
    """One thing that a drill looked at."""

    name: str
    ok: bool
    detail: str
    ms: float


class DrillShown(BaseModel):
    """How the newest drill of a snapshot stands; `verdict` is null while it is under way.

    `cut`, `reason` and `checks` are read from the log service: null where it does not tell.
    """

    policy: str
    region: str
    snapshot_id: str
    verdict: Verdict | None
    run_due: datetime
    cut: Cut | None
    reason: str | None
    checks: list[CheckShown] | None


class Drills(BaseModel):
    """One entry for each snapshot that the policies' newest drills have tried."""

    items: list[DrillShown]
    errors: Errors


class DrillRequest(BaseModel):
    """Which policy is drilled."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"policy": "orders-db"}]})

    policy: str = Field(max_length=28)


class Promised(BaseModel):
    """A drill that was handed over."""

    key: str
    policy: str
    region: str


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/drills", tags=["drills"])

    @router.get("", **access.only(Scope.READ))
    async def drills(asked: places.ByRegion) -> Drills:
        """Tell how each policy's newest drill stands."""
        readings = Readings(places.targets(wiring, asked.region))
        here = readings.each(lambda one: Inventory(wiring.clouds.at(one), wiring.plan.deployment))
        stands = standings.drills(wiring.plan, here)
        told = standings.explained(stands, wiring.reports, wiring.clock.now())
        return Drills(items=[_shown(one) for one in told], errors=readings.errors)

    @router.post("", status_code=202, **access.only(Scope.RESTORE))
    async def start(body: DrillRequest, answer: Response, key: Key = None) -> Promised:
        """Drill a policy's newest good run now; the same key is the same drill."""
        order = drill.ask(
            body.policy, key or idempotency.fresh(), wiring.plan, wiring.keeper, wiring.clock.now()
        )
        answer.headers["Location"] = f"/v1/drills?region={order.target.region}"
        return Promised(key=order.key, policy=order.policy, region=order.target.region)

    return router


def _shown(one: standings.Standing) -> DrillShown:
    return DrillShown(
        policy=one.policy,
        region=one.region,
        snapshot_id=one.snapshot_id,
        verdict=one.verdict,
        run_due=one.run_due,
        cut=Cut(one.tried.cut) if one.tried else None,
        reason=one.tried.reason if one.tried else None,
        checks=[CheckShown(**asdict(check)) for check in one.tried.checks] if one.tried else None,
    )
