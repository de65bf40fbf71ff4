"""Times as callers give them: with their zone, and far from the ends of the calendar."""

from datetime import datetime, timezone
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

FIRST = datetime(1970, 1, 1, tzinfo=timezone.utc)
END = datetime(3000, 1, 1, tzinfo=timezone.utc)


def _within_reach(moment: datetime) -> datetime:
    if not FIRST <= moment < END:
        raise ValueError(f"a time from {FIRST.year} to {END.year - 1} is wanted")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_within_reach)]
