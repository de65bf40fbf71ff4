"""What the endpoints that create have in common: the key, and the promise of a run."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Header
from pydantic import BaseModel

from cbsnap.entry import idempotency

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=idempotency.PATTERN,
        description="the same key never does it twice; without one, each request is its own",
        examples=["release-7"],
    ),
]


class Promise(BaseModel):
    """What will be made: the run, its key, and the snapshots' names, one a disk."""

    run: str
    key: str
    region: str
    names: list[str]


def at_run(run: str) -> str:
    """Return where a run can be looked at."""
    return f"/v1/runs/{quote(run, safe='')}"
