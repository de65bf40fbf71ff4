"""Which scope an endpoint wants, and who the caller is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from cbsnap.rules.tokens import Scope, Token  # noqa: TC001 - FastAPI reads the annotations

if TYPE_CHECKING:
    from collections.abc import Callable


def only(scope: Scope) -> dict[str, Any]:
    """Return what a route is declared with, so that only tokens of this scope may use it."""
    return {
        "dependencies": [Depends(_check(scope))],
        "openapi_extra": {"security": [{"bearer": [scope.value]}]},
    }


async def caller(request: Request) -> Token:
    """Return the token that the edge has found to be right."""
    return _token(request)


def _check(scope: Scope) -> Callable[[Request], Any]:
    async def check(request: Request) -> None:
        token = _token(request)
        if not token.allows(scope):
            raise HTTPException(403, f"the token {token.name} has no scope {scope.value}")

    return check


def _token(request: Request) -> Token:
    token: Token = request.state.caller
    return token
