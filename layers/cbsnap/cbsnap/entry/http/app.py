"""The application: the resources, and the edge around them.

One request is served at a time by an instance of the function, so that the endpoints call the jobs
directly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from pydantic import BaseModel

import cbsnap
from cbsnap.entry.http import (
    console,
    coverages,
    description,
    disks,
    drills,
    hosts,
    me,
    policies,
    problems,
    prunings,
    quotas,
    requests,
    restores,
    runs,
    snapshots,
)
from cbsnap.entry.http.edge import Edge

if TYPE_CHECKING:
    from cbsnap.wiring import Wiring

_RESOURCES = (
    me,
    disks,
    snapshots,
    requests,
    quotas,
    coverages,
    policies,
    runs,
    restores,
    drills,
    prunings,
    hosts,
)


class Health(BaseModel):
    """That the function runs."""

    status: str


def application(wiring: Wiring) -> FastAPI:
    """Return the application; nothing is read or sent yet."""
    app = FastAPI(
        title="cbsnap",
        version=cbsnap.__version__,
        description="Application-consistent snapshots of CBS disks, with proof",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.get("/healthz", tags=["health"])(_healthz)
    for resource in _RESOURCES:
        app.include_router(resource.routes(wiring))
    app.include_router(console.routes())
    problems.tell(app)
    description.describe(app)
    app.add_middleware(Edge, keyring=wiring.keyring, clock=wiring.clock)
    return app


async def _healthz() -> Health:
    """Say that the function runs; needs no token."""
    return Health(status="ok")
