"""Drills: how each policy's newest one stands, and one begun now."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from cbsnap.entry.http import access, places
from cbsnap.entry.http.promises import Key, fresh
from cbsnap.jobs import drill, standings
from cbsnap.jobs.inventory import Inventory
from cbsnap.rules.drillreports import Verdict
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring


class DrillShown(BaseModel):
    """How the newest drill of a snapshot stands; `verdict` is null while it is under way."""

    policy: str
    region: str
    snapshot_id: str
    verdict: Verdict | None
    run_due: datetime


class Drills(BaseModel):
    """One entry for each snapshot that the policies' newest drills have tried."""

    items: list[DrillShown]


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
        here = [
            Inventory(wiring.clouds.at(target), wiring.plan.deployment)
            for target in places.targets(wiring, asked.region)
        ]
        return Drills(items=[_shown(one) for one in standings.drills(wiring.plan, here)])

    @router.post("", status_code=202, **access.only(Scope.RESTORE))
    async def start(body: DrillRequest, answer: Response, key: Key = None) -> Promised:
        """Drill a policy's newest good run now; the same key is the same drill."""
        order = drill.ask(body.policy, key or fresh(), wiring.plan, wiring.keeper, wiring.clock.now())
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
    )
