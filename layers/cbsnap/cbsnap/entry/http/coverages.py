"""How every disk stands with its policies, for programs and for monitors."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from cbsnap.entry import standing
from cbsnap.entry.http import access, paging, places
from cbsnap.jobs.coverage import cover
from cbsnap.jobs.inventory import Inventory
from cbsnap.model import Label
from cbsnap.rules.coverage import Coverage, Standing
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring


class Entry(BaseModel):
    """One disk and one policy that selects it, or none; the snapshot is the newest good one."""

    region: str
    disk_id: str
    policy: str | None
    standing: Standing
    snapshot_id: str | None
    label: Label | None
    age_s: int | None


class CoveragePage(paging.Page[Entry]):
    """`check` is about all of them: 0 all is covered, 1 some are stale, 2 some have no good one at all."""

    check: Annotated[int, Query(ge=0, le=2)]


class CoverageQuery(paging.Paged):
    """Which entries are wanted."""

    standing: Annotated[Standing | None, Query()] = None


def routes(wiring: Wiring) -> APIRouter:
    """Return the routes; each reads the regions anew."""
    router = APIRouter(prefix="/v1", tags=["coverage"])

    @router.get("/coverage", **access.only(Scope.READ))
    async def coverage(
        asked: Annotated[CoverageQuery, Query()],
    ) -> CoveragePage:
        """Tell how every disk stands with every policy that selects it, and which none selects."""
        entries = list(_covered(wiring, asked.region))
        wanted = [one for one in entries if asked.standing in {None, one.standing}]
        rows = [Entry.model_validate(value) for value in standing.values(wanted)]
        return CoveragePage(**paging.cut(rows, asked), check=standing.exit_code(entries))

    @router.get("/metrics", response_class=PlainTextResponse, **access.only(Scope.READ))
    async def metrics(asked: places.ByRegion) -> str:
        """Tell the same to a monitor, in Prometheus's text format."""
        return "\n".join(standing.metrics(list(_covered(wiring, asked.region)))) + "\n"

    return router


def _covered(wiring: Wiring, region: str | None) -> Iterator[Coverage]:
    for target in places.targets(wiring, region):
        here = Inventory(wiring.clouds.at(target), wiring.plan.deployment)
        yield from cover(wiring.plan, here, wiring.clock.now())
