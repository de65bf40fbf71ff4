"""The server: the API's address, the control calls, and the function runtime where there is one."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route

from localcloud.control import Control
from localcloud.keeping import Keeper
from localcloud.services import SERVICES
from localcloud.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from localcloud.cloud import Cloud
    from localcloud.service import Runtime


def create_app(cloud: Cloud, runtime: Runtime | None = None, kept: Path | None = None) -> Starlette:
    """Make the ASGI application; the runtime's processes live from its start to its end.

    The world is written to `kept` a moment after each change, and at the end.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        keeper = Keeper(cloud, kept) if kept else None
        keeping = asyncio.create_task(keeper.run()) if keeper else None
        if runtime:
            await runtime.start()
        try:
            yield
        finally:
            if runtime:
                await runtime.stop()
            if keeping and keeper:
                keeping.cancel()
                keeper.finish()
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
