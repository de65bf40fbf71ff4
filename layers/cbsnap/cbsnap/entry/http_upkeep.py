"""The HTTP API's view of what comes after a snapshot: coverage, metrics, a dry run of retention, sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse

from cbsnap.entry import listing, standing
from cbsnap.jobs import cost
from cbsnap.jobs.coverage import cover
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.prune import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.rules.coverage import Coverage
    from cbsnap.wiring import Wiring

Region = Annotated[str | None, Query(description="a region of the policy file; all of them by default")]


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes; each reads the regions anew."""
    router = APIRouter(prefix="/v1")

    @router.get("/coverage")
    async def coverage(region: Region = None) -> dict[str, Any]:
        """Tell how every disk stands with every policy that selects it, and which none selects."""
        entries = list(_covered(wiring, region))
        return {"check": standing.exit_code(entries), "disks": standing.values(entries)}

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics(region: Region = None) -> str:
        """Tell the same to a monitor, in Prometheus's text format."""
        return "\n".join(standing.metrics(list(_covered(wiring, region)))) + "\n"

    @router.get("/retention")
    async def retention(region: Region = None) -> dict[str, Any]:
        """Tell what the next pass would keep and delete, with the reasons; nothing is deleted."""
        now = wiring.clock.now()
        judged = [one for here in _inventories(wiring, region) for one in judge(wiring.plan, here, now)]
        return {"snapshots": listing.values(judged)}

    @router.get("/sizes")
    async def sizes(region: Region = None) -> dict[str, Any]:
        """Tell what snapshots take up, by disk as the cloud says, by policy as an estimate; in GiB."""
        now, found = wiring.clock.now(), []
        for here in _inventories(wiring, region):
            taken, due = cost.cost(here), cost.change(wiring.plan, here, now)
            found.append(
                {
                    "region": taken.region,
                    "size_gib": taken.usage.size_gib,
                    "free_gib": taken.usage.free_gib,
                    "billed_gib": taken.usage.billed_gib,
                    "by_disk_gib": dict(taken.by_disk),
                    "by_policy_gib": dict(taken.by_policy),
                    "next_pass": {"deletes": due.goes, "frees_gib": due.frees_gib},
                }
            )
        return {"regions": found}

    return router


def _inventories(wiring: Wiring, region: str | None) -> Iterator[Inventory]:
    for target in wiring.plan.targets:
        if region in (None, target.region):
            yield Inventory(wiring.clouds.at(target), wiring.plan.deployment)


def _covered(wiring: Wiring, region: str | None) -> Iterator[Coverage]:
    for here in _inventories(wiring, region):
        yield from cover(wiring.plan, here, wiring.clock.now())
