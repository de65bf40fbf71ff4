"""How many snapshots a region has room for, and what they take up."""

from collections.abc import Mapping

from fastapi import APIRouter
from pydantic import BaseModel

from cbsnap.entry.http import access, places
from cbsnap.entry.http.partial import Errors, Readings
from cbsnap.jobs import cost
from cbsnap.jobs.inventory import Inventory
from cbsnap.model.plan import Target
from cbsnap.rules import quota
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring


class Quota(BaseModel):
    """A region's room for snapshots, and their size; `free_gib` is what is not billed."""

    region: str
    limit: int
    used: int
    left: int
    size_gib: float
    free_gib: float
    billed_gib: float


class Quotas(BaseModel):
    """All regions."""

    items: list[Quota]
    errors: Errors


class NextPass(BaseModel):
    """What the next pass of retention would do; `frees_gib` is an estimate."""

    deletes: int
    frees_gib: float


class Sizes(BaseModel):
    """A region's snapshots in GiB: in all and by disk as the cloud says, by policy as an estimate."""

    region: str
    size_gib: float
    free_gib: float
    billed_gib: float
    by_disk_gib: Mapping[str, float]
    by_policy_gib: Mapping[str, float]
    next_pass: NextPass


class AllSizes(BaseModel):
    """All regions."""

    items: list[Sizes]
    errors: Errors


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["quota"])

    @router.get("/quota", **access.only(Scope.READ))
    async def quotas(asked: places.ByRegion) -> Quotas:
        """Tell each region's limit, what is used and what is left."""
        readings = Readings(places.targets(wiring, asked.region))
        items = list(readings.each(lambda target: _quota(wiring, target)))
        return Quotas(items=items, errors=readings.errors)

    @router.get("/sizes", **access.only(Scope.READ))
    async def sizes(asked: places.ByRegion) -> AllSizes:
        """Tell what snapshots take up, and what retention would free."""
        readings = Readings(places.targets(wiring, asked.region))
        items = list(readings.each(lambda target: _sizes(wiring, target)))
        return AllSizes(items=items, errors=readings.errors)

    return router


def _quota(wiring: Wiring, target: Target) -> Quota:
    cloud = wiring.clouds.at(target)
    usage = cloud.usage()
    _, disks = wiring.listings.at(target).disk_rows(0)
    room = quota.region_room(wiring.plan.quota, disks, usage)
    return Quota(
        region=cloud.region,
        limit=room.limit,
        used=room.used,
        left=room.left,
        size_gib=usage.size_gib,
        free_gib=usage.free_gib,
        billed_gib=usage.billed_gib,
    )


def _sizes(wiring: Wiring, target: Target) -> Sizes:
    here = Inventory(wiring.clouds.at(target), wiring.plan.deployment)
    taken, due = cost.cost(here), cost.change(wiring.plan, here, wiring.clock.now())
    return Sizes(
        region=taken.region,
        size_gib=taken.usage.size_gib,
        free_gib=taken.usage.free_gib,
        billed_gib=taken.usage.billed_gib,
        by_disk_gib=taken.by_disk,
        by_policy_gib=taken.by_policy,
        next_pass=NextPass(deletes=due.goes, frees_gib=due.frees_gib),
    )
