"""The record of what was changed through the API: one JSON line in the function's log a request.

It says who, what, under which key and what came of it. Bodies have no secrets; tokens are named.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.types import Scope

_READS = {"GET", "HEAD", "OPTIONS"}
_DRY_RUN = "/plan"
_ERRORS = 400


def record(scope: Scope, headers: Headers, body: bytes, status: int, location: str | None) -> None:
    """Print the line of a request that was meant to change something; dry runs are none."""
    caller = scope["state"].get("caller")
    if caller is None or scope["method"] in _READS or scope["path"].endswith(_DRY_RUN):
        return
    print(json.dumps(_line(scope, headers, body, status, location)))  # noqa: T201 - a function's log


def _line(scope: Scope, headers: Headers, body: bytes, status: int, location: str | None) -> dict[str, Any]:
    return {
        "cbsnap": "audit",
        "request_id": scope["state"]["request_id"],
        "who": scope["state"]["caller"].name,
        "address": scope["client"][0] if scope.get("client") else "",
        "what": f"{scope['method']} {scope['path']}",
        "asked": json.loads(body) if body and status < _ERRORS else None,  # what was refused may be anything
        "key": headers.get("idempotency-key"),
        "status": status,
        "outcome": "accepted" if status < _ERRORS else "refused",
        "at": location,
    }
