"""What stands round every endpoint: who calls, what a body may be, what every answer carries.

Everything below `/v1/` needs a right token; which scope, the endpoint says. Answers carry the
request's id and the headers that keep a browser from doing more than it should. A fault of our own
ends here: it goes into the log, and its request's id to the caller.
"""

from __future__ import annotations

import json
import sys
import traceback
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from cbsnap.entry.http import audit, bodies
from cbsnap.entry.http.problems import problem
from cbsnap.entry.http.refusals import Refusals

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from cbsnap.ports.clock import Clock
    from cbsnap.rules.tokens import Keyring, Token

PRIVATE = "/v1/"
_WITH_BODIES = {"POST", "PUT", "PATCH", "DELETE"}
_REFUSED, _FORBIDDEN = 401, 403
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Edge:
    """A middleware that decides before the application sees a request, and adds to what it answers."""

    def __init__(self, app: ASGIApp, keyring: Keyring, clock: Clock) -> None:
        self._app = app
        self._keyring = keyring
        self._clock = clock
        self._refusals = Refusals(clock)
        for mistake in keyring.mistakes:
            print(json.dumps({"cbsnap": "setting", "ignored": mistake}))  # noqa: T201 - a function's log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {}).setdefault("request_id", uuid.uuid4().hex)
        await _Passage(self, scope, receive, send).serve()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the application."""
        await self._app(scope, receive, send)

    def began(self) -> float:
        """Return the moment that refusals are timed from."""
        return self._clock.monotonic()

    def caller(self, headers: Headers) -> Token | None:
        """Return the token that a request carries, if it is a right one."""
        scheme, _, secret = headers.get("authorization", "").partition(" ")
        token = self._keyring.matching(secret.strip(), self._clock.now())
        return token if scheme.lower() == "bearer" else None

    def unknown(self, scope: Scope, address: str, began_s: float) -> Response:
        """Return the answer to a caller without a right token, after its time."""
        if wait_s := self._refusals.wait_s(address):
            answer = problem(scope, 429, f"too many refused requests: again in {wait_s} s")
            answer.headers["Retry-After"] = str(wait_s)
            return answer
        self.refused(scope, address, _REFUSED, began_s)
        answer = problem(
            scope,
            _REFUSED,
            "send Authorization: Bearer <token>, one of CBSNAP_API_TOKENS that has not ended",
            field="Authorization",
        )
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def refused(self, scope: Scope, address: str, status: int, began_s: float) -> None:
        """Count a refusal and let it take its time."""
        self._refusals.add(address, status, scope["state"]["request_id"])
        self._refusals.slow_down(began_s)


class _Passage:
    """One request on its way in, and its answer on its way out."""

    def __init__(self, edge: Edge, scope: Scope, receive: Receive, send: Send) -> None:
        self._edge = edge
        self._scope = scope
        self._receive = receive
        self._send = send
        self._began_s = edge.began()
        self._headers = Headers(scope=scope)
        self._address = scope["client"][0] if scope.get("client") else ""
        self._body = b""
        self._has_begun = False

    async def serve(self) -> None:
        try:
            inside = self._answer_of_the_edge() or await self._unreadable() or self._edge.serve
            await inside(self._scope, self._replayed, self._answered)
        except Exception as fault:
            self._log(fault)
            if self._has_begun:
                raise
            answer = problem(
                self._scope, 500, "a fault of ours: the log of the function has it, by request_id"
            )
            await answer(self._scope, self._receive, self._answered)

    def _answer_of_the_edge(self) -> Response | None:
        if not self._scope["path"].startswith(PRIVATE):
            return None
        token = self._edge.caller(self._headers)
        if token is None:
            return self._edge.unknown(self._scope, self._address, self._began_s)
        self._scope["state"]["caller"] = token
        return None

    async def _unreadable(self) -> Response | None:
        if self._scope["method"] not in _WITH_BODIES:
            return None
        try:
            self._body = await bodies.whole(self._receive)
            bodies.check(self._body, self._headers.get("content-type", ""))
        except bodies.Unreadable as refused:
            return problem(self._scope, refused.status, str(refused), field=refused.field)
        return None

    async def _replayed(self) -> Message:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def _answered(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_begun = True
            self._complete(message)
        await self._send(message)

    def _complete(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers["X-Request-Id"] = self._scope["state"]["request_id"]
        if message["status"] == _FORBIDDEN:
            self._edge.refused(self._scope, self._address, _FORBIDDEN, self._began_s)
        audit.record(self._scope, self._headers, self._body, message["status"], headers.get("location"))

    def _log(self, fault: Exception) -> None:
        line = {
            "cbsnap": "fault",
            "request_id": self._scope["state"]["request_id"],
            "what": f"{self._scope['method']} {self._scope['path']}",
            "trace": traceback.format_exception(fault),
        }
        print(json.dumps(line), file=sys.stderr)  # noqa: T201 - a function's log is what it prints
