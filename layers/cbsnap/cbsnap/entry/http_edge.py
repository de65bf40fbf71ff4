"""The edge of the HTTP API: who may call, how large a body may be, and how an error looks.

Errors are problem documents (RFC 9457) with the field at fault. Tokens are known by their
SHA-256 only, and all of them are compared, in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotations
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from cbsnap.errors import (
    CbsnapError,
    CloudError,
    CredentialsRefused,
    HostError,
    InputError,
    QuotaExhausted,
    Throttled,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import FastAPI

BODY_BYTES = 64 * 1024

_STATUS: dict[type[CbsnapError], int] = {
    InputError: 422,
    QuotaExhausted: 409,
    Throttled: 503,
    CredentialsRefused: 502,
    CloudError: 502,
    HostError: 502,
}


def guard(app: FastAPI) -> None:
    """Put the edge round an application."""
    app.middleware("http")(_bounded)
    app.exception_handler(CbsnapError)(_ours)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_plain)


def bearer(tokens: Callable[[], frozenset[str]]) -> Callable[[Request], Awaitable[None]]:
    """Return the check that a request carries one of the tokens."""

    async def check(request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        digest = hashlib.sha256(token.strip().encode()).hexdigest()
        known = [hmac.compare_digest(digest, one) for one in tokens()]
        if scheme.lower() != "bearer" or not any(known):
            raise HTTPException(
                401,
                "send Authorization: Bearer <token>; its SHA-256 must be among CBSNAP_API_TOKENS",
                {"WWW-Authenticate": "Bearer"},
            )

    return check


def problem(status: int, title: str, detail: str, **more: object) -> JSONResponse:
    """Return a problem document."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, media_type="application/problem+json")


async def _bounded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    if len(await request.body()) > BODY_BYTES:
        return problem(413, "Body too large", f"the body may have {BODY_BYTES} bytes", field="body")
    return await call_next(request)


async def _ours(_: Request, error: CbsnapError) -> Response:
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    more: dict[str, Any] = {}
    if isinstance(error, InputError):
        more["field"] = error.field
    if isinstance(error, CloudError):
        more["code"] = error.code
    return problem(status, type(error).__name__, str(error), **more)


async def _invalid(_: Request, error: RequestValidationError) -> Response:
    """Name the first field that is wrong, and all of them."""
    broken = [one for one in error.errors() if one["type"] == "json_invalid"]
    if broken:
        return problem(400, "Not JSON", f"body: {broken[0]['ctx']['error']}", field="body")
    errors = [{"field": _field(one["loc"]), "message": one["msg"]} for one in error.errors()]
    first = errors[0]
    hint = "; send a JSON object with Content-Type: application/json" if first["field"] == "body" else ""
    detail = f"{first['field']}: {first['message']}{hint}"
    return problem(422, "Invalid request", detail, field=first["field"], errors=errors)


async def _plain(_: Request, error: HTTPException) -> Response:
    answer = problem(error.status_code, "Refused", str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


def _field(location: tuple[int | str, ...]) -> str:
    where, *rest = location
    return ".".join(str(part) for part in rest) or str(where)
