"""What the endpoints that create have in common: the key, and the promise of a run."""

import secrets
from typing import Annotated
from urllib.parse import quote

from fastapi import Header
from pydantic import BaseModel

# Without %, since no page says whether a function is given a path that is decoded or not.
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-$&-~]{1,100}$",
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


def fresh() -> str:
    """Return a key for a request that has none."""
    return secrets.token_hex(16)


def at_run(run: str) -> str:
    """Return where a run can be looked at."""
    return f"/v1/runs/{quote(run, safe='')}"
