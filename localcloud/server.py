"""The HTTP server: a listener that answers at once, and connections that can be cut without an answer."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

TRANSPORT = "localcloud.transport"
SHUTDOWN_S = 1  # for calls under way: one may be waiting for a function that has minutes left


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 that lets a request know its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Give each of this connection's requests the transport."""
        super().connection_made(transport)
        app = self.app

        async def knowing(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = knowing


def cut(scope: Scope) -> None:
    """Close a request's connection now, without an answer."""
    scope[TRANSPORT].abort()


def listen(host: str, port: int) -> socket.socket:
    """Return a listener whose connections answer at once: a kept one is 40 ms late otherwise."""
    listener = socket.create_server((host, port))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the connections inherit it
    return listener


def make_server(app: ASGIApp, *, lifespan: bool = True, certificate: Path | None = None) -> uvicorn.Server:
    """Make the server of an application; `run(sockets=[listen(…)])` starts it.

    With a `certificate` (a file with its key and chain) it speaks https.
    """
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="on" if lifespan else "off",
        log_level="warning",
        access_log=False,
        ssl_certfile=certificate,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    return uvicorn.Server(config)
