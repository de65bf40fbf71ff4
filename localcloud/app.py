"""The server: the API's address, the control calls, and the function runtime where there is one."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route

from localcloud import cbs, cls, cvm, scf, store, sts, tag, tat
from localcloud.control import Control
from localcloud.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from localcloud.cloud import Cloud
    from localcloud.service import Runtime

SERVICES = (cbs.SERVICE, cls.SERVICE, cvm.SERVICE, scf.SERVICE, sts.SERVICE, tag.SERVICE, tat.SERVICE)


def create_app(cloud: Cloud, runtime: Runtime | None = None, kept: Path | None = None) -> Starlette:
    """Make the ASGI application; the runtime's processes live from its start to its end.

    The world is written to `kept` a moment after each change, and at the end.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        keeping = asyncio.create_task(_keep(cloud, kept)) if kept else None
        if runtime:
            await runtime.start()
        try:
            yield
        finally:
            if runtime:
                await runtime.stop()
            if keeping and kept:
                keeping.cancel()
                store.save(kept, cloud.world, cloud.clock)
            await cloud.errands.stop()
            await cloud.devices.detach_all()

    wire = Wire(cloud, SERVICES, runtime)
    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", wire.endpoint, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
            *Control(cloud, runtime).routes(),
            *(runtime.routes() if runtime else ()),
        ],
    )


async def _keep(cloud: Cloud, kept: Path) -> None:
    """Write the world whenever it may have changed, once a second at most."""
    written = -1
    while True:
        cloud.settle()
        if written != cloud.changes:
            written = cloud.changes
            store.save(kept, cloud.world, cloud.clock)
        await asyncio.sleep(1)
