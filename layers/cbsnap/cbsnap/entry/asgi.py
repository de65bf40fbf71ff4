"""From a function's HTTP event to an ASGI application and back.

Knows the function URL's event (583/96099) and the API gateway's proxy event (583/12513); both
share their fields but for where the query stands. Query values may be strings, booleans or
lists; bodies may be base64. Whether the path comes decoded is not said: it is decoded here, so
that nothing of ours has a per cent sign in a path. An answer that is no text goes back as base64,
which is documented for the API gateway and inferred for the function URL.
"""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    Message = MutableMapping[str, Any]
    Application = Callable[
        [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
        Awaitable[None],
    ]


def answer(application: Application, event: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    """Run one event through an application; returns what the platform wants back.

    Raises InputError for an event that is not an HTTP call.
    """
    called = {**scope(event), "state": {"request_id": request_id}}
    return asyncio.run(_answer(application, called, body(event)))


def scope(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ASGI scope of an event."""
    told: Mapping[str, Any] = event if isinstance(event, dict) else {}
    method, path = told.get("httpMethod"), told.get("path")
    if not isinstance(method, str) or not isinstance(path, str):
        raise InputError("event", "has no httpMethod and path: this function answers HTTP calls")
    headers = {str(name).lower(): str(value) for name, value in _pairs(event, "headers").items()}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method.upper(),
        "scheme": "https",
        "path": unquote(path) or "/",
        "raw_path": (path or "/").encode(errors="replace"),
        "root_path": "",
        "query_string": urlencode(_query(event), doseq=True, errors="replace").encode(),
        "headers": [(_header(name), _header(value)) for name, value in headers.items()],
        "client": (_caller(event, headers), 0),
        "server": (headers.get("host", "localhost"), 443),
    }


def body(event: Mapping[str, Any]) -> bytes:
    """Return the body's bytes."""
    text = event.get("body") or ""
    if not isinstance(text, str):
        raise InputError("event.body", "must be a string")
    if not event.get("isBase64Encoded"):
        return text.encode(errors="surrogatepass")  # so that it is refused as what it is: not UTF-8
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as broken:  # binascii's, and that of text which is not ASCII
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


def _header(text: str) -> bytes:
    """Return a header as bytes: what a client sent as UTF-8 may come as text that Latin-1 has not."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


def _caller(event: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """Return the caller's address: as the gateway says, since behind one the header is the client's own."""
    context = event.get("requestContext")
    if isinstance(context, dict):
        return str(context.get("sourceIp") or "")
    return headers.get("x-scf-remote-addr", "")


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
    content = b"".join(parts)
    try:
        text, is_coded = content.decode(), False
    except UnicodeDecodeError:
        text, is_coded = base64.b64encode(content).decode(), True
    return {"isBase64Encoded": is_coded, "statusCode": status, "headers": headers, "body": text}
