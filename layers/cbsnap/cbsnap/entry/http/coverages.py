"""How every disk stands with its policies, for programs and for monitors."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from cbsnap.entry import standing
from cbsnap.entry.http import access, paging, places
from cbsnap.entry.http.partial import Readings
from cbsnap.jobs.coverage import cover
from cbsnap.jobs.inventory import Inventory
from cbsnap.model import Label, Target
from cbsnap.rules.coverage import Coverage, Standing
from cbsnap.rules.tokens import Scope
from cbsnap.wiring import Wiring

UNKNOWN = 2


class Entry(BaseModel):
    """One disk and one policy that selects it, or none; the snapshot is the newest good one.

    `target_s` is how old that may be, `drill` what the last drill came to, of the snapshot `drilled`.
    """

    region: str
    disk_id: str
    policy: str | None
    standing: Standing
    snapshot_id: str | None
    label: Label | None
    age_s: int | None
    target_s: int | None
    drill: str | None
    drilled: str | None


class CoveragePage(paging.Page[Entry]):
    """`check` is about all of them: 0 all is covered, 1 some are stale, 2 some have no good one at all.

    What could not be read counts as having none.
    """

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
        readings = Readings(places.targets(wiring, asked.region))
        entries = [one for here in readings.each(lambda target: _covered(wiring, target)) for one in here]
        wanted = [one for one in entries if asked.standing in {None, one.standing}]
        rows = [Entry.model_validate(value) for value in standing.values(wanted)]
        check = UNKNOWN if readings.errors else standing.exit_code(entries)
        return CoveragePage(**paging.cut(rows, asked), check=check, errors=readings.errors)

    @router.get("/metrics", response_class=PlainTextResponse, **access.only(Scope.READ))
    async def metrics(asked: places.ByRegion) -> str:
        """Tell the same to a monitor, in Prometheus's text format; fails when any region does."""
        targets = places.targets(wiring, asked.region)
        entries = [one for target in targets for one in _covered(wiring, target)]
        return "\n".join(standing.metrics(entries)) + "\n"

    return router


def _covered(wiring: Wiring, target: Target) -> list[Coverage]:
    here = Inventory(wiring.clouds.at(target), wiring.plan.deployment)
    return list(cover(wiring.plan, here, wiring.clock.now()))
