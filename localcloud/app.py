"""The server: the API's address, the control calls, and the function runtime where there is one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route

from localcloud import cbs, cvm, scf, sts, tag
from localcloud.control import Control
from localcloud.wire import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from localcloud.cloud import Cloud
    from localcloud.service import Runtime

SERVICES = (cbs.SERVICE, cvm.SERVICE, scf.SERVICE, sts.SERVICE, tag.SERVICE)


def create_app(cloud: Cloud, runtime: Runtime | None = None) -> Starlette:
    """Make the ASGI application; the runtime's processes live from its start to its end."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if runtime:
            await runtime.start()
        try:
            yield
        finally:
            if runtime:
                await runtime.stop()

    wire = Wire(cloud, SERVICES, runtime)
    return Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", wire.endpoint, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
            *Control(cloud, runtime).routes(),
            *(runtime.routes() if runtime else ()),
        ],
    )
