"""Which regions a request is about: the policy file's targets, or those of the region it names."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from cbsnap.errors import InputError
from cbsnap.model.plan import Target
from cbsnap.wiring import Wiring


class Regional(BaseModel):
    """A query that may name a region; a parameter that is not known is refused, since it may be misspelt."""

    model_config = ConfigDict(extra="forbid")

    region: Annotated[
        str | None,
        Query(
            max_length=40,
            description="a region of the policy file; all of them by default",
            examples=["ap-guangzhou"],
        ),
    ] = None


ByRegion = Annotated[Regional, Query()]


def targets(wiring: Wiring, region: str | None) -> tuple[Target, ...]:
    """Return the targets of a region, or all, at least one. Raises InputError for a region that has none."""
    found = tuple(one for one in wiring.plan.targets if region in {None, one.region})
    if found:
        return found
    known = ", ".join(dict.fromkeys(one.region for one in wiring.plan.targets))
    raise InputError("region", f"{region!r} is not looked after; the policy file has {known}")


def first(wiring: Wiring, region: str | None) -> Target:
    """Return where something is made: the first target of a region, or of all. Raises InputError."""
    return targets(wiring, region)[0]
