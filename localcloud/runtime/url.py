"""A function's URL: an HTTP request as the event, and the handler's result as the HTTP answer (583/96099)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.datastructures import Headers, QueryParams
    from starlette.requests import Request


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; a header may come several times."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def event(request: Request, path: str, body: bytes) -> dict[str, object]:
    """Return the event of a request to `path` below the URL.

    That a repeated query parameter becomes a list, and that bytes which are no text are replaced: inferred.
    """
    client = request.client.host if request.client else "127.0.0.1"
    return {
        "body": body.decode(errors="replace"),
        "headers": headers(request.headers) | {"x-scf-remote-addr": client},
        "httpMethod": request.method,
        "path": path,
        "queryString": query(request.query_params),
    }


def headers(given: Headers) -> dict[str, str]:
    """Return headers with their names in lower case, repeated ones joined."""
    return {name: ", ".join(given.getlist(name)) for name in given}


def query(given: QueryParams) -> dict[str, object]:
    """Return query parameters: a text, or a list where one is repeated."""
    values = {name: given.getlist(name) for name in given}
    return {name: texts[0] if len(texts) == 1 else texts for name, texts in values.items()}


def answer(result: object) -> Answer:
    """Return what a handler's result means; one without a statusCode is the body, as JSON."""
    if not isinstance(result, dict) or "statusCode" not in result:
        return Answer(200, [("content-type", "application/json")], json.dumps(result).encode())
    return http_answer(result)


def http_answer(result: dict[str, Any]) -> Answer:
    """Return the HTTP answer that a result with a statusCode asks for."""
    return Answer(int(result["statusCode"]), _header_list(result.get("headers") or {}), _body(result))


def _header_list(given: dict[str, object]) -> list[tuple[str, str]]:
    return [
        (name.lower(), str(value))
        for name, values in given.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def _body(result: dict[str, object]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if result.get("isBase64Encoded"):
        return base64.b64decode(str(body))
    return (body if isinstance(body, str) else json.dumps(body)).encode()
