"""From a function's HTTP event to an ASGI application and back.

Knows the function URL's event (583/96099) and the API gateway's proxy event (583/12513); both
share their fields but for where the query stands. Query values may be strings, booleans or
lists; bodies may be base64.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    Message = MutableMapping[str, Any]
    Application = Callable[
        [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
        Awaitable[None],
    ]


def answer(application: Application, event: Mapping[str, Any]) -> dict[str, Any]:
    """Run one event through an application; returns what the platform wants back.

    Raises InputError for an event that is not an HTTP call.
    """
    return asyncio.run(_answer(application, scope(event), body(event)))


def scope(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ASGI scope of an event."""
    method, path = event.get("httpMethod"), event.get("path")
    if not isinstance(method, str) or not isinstance(path, str):
        raise InputError("event", "has no httpMethod and path: this function answers HTTP calls")
    headers = {str(name).lower(): str(value) for name, value in _pairs(event, "headers").items()}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method.upper(),
        "scheme": "https",
        "path": path or "/",
        "raw_path": (path or "/").encode(),
        "root_path": "",
        "query_string": urlencode(_query(event), doseq=True).encode(),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        "client": (_caller(event, headers), 0),
        "server": (headers.get("host", "localhost"), 443),
    }


def body(event: Mapping[str, Any]) -> bytes:
    """Return the body's bytes."""
    text = event.get("body") or ""
    if not isinstance(text, str):
        raise InputError("event.body", "must be a string")
    if not event.get("isBase64Encoded"):
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as broken:
        raise InputError("event.body", "says that it is base64, and is not") from broken


def _query(event: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    given = _pairs(event, "queryString") or _pairs(event, "queryStringParameters")
    return [
        (str(name), [_text(one) for one in (value if isinstance(value, list) else [value])])
        for name, value in given.items()
    ]


def _pairs(event: Mapping[str, Any], field: str) -> dict[str, Any]:
    given = event.get(field) or {}
    if not isinstance(given, dict):
        raise InputError(f"event.{field}", "must be an object")
    return given


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _caller(event: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    context = event.get("requestContext") or {}
    return str(headers.get("x-scf-remote-addr") or context.get("sourceIp") or "")


async def _answer(application: Application, for_scope: dict[str, Any], content: bytes) -> dict[str, Any]:
    status = 500
    headers: dict[str, str] = {}
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            headers.update(
                {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
            )
        else:
            parts.append(message.get("body", b""))

    await application(for_scope, receive, send)
    return {
        "isBase64Encoded": False,
        "statusCode": status,
        "headers": headers,
        "body": b"".join(parts).decode(),
    }
