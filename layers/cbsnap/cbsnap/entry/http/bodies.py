"""Whether a request's body can be read at all: its size, its type, its encoding and its depth.

What its fields mean is the resources' business. A key that stands twice is refused, since two
readers may go by different ones of them.
"""

from __future__ import annotations

import json
from email.message import Message
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.types import Receive

MOST_BYTES = 64 * 1024
DEEPEST = 16


class Unreadable(Exception):
    """A body that is refused: `status` and `field` of the answer; the message says what to send."""

    def __init__(self, status: int, message: str, field: str = "body") -> None:
        super().__init__(message)
        self.status = status
        self.field = field


async def whole(receive: Receive) -> bytes:
    """Return a body in one piece. Raises Unreadable before more than its bound has been kept."""
    content, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        content += message.get("body", b"")
        more = message.get("more_body", False)
        if len(content) > MOST_BYTES:
            raise Unreadable(413, f"the body may have {MOST_BYTES} bytes")
    return content


def check(content: bytes, content_type: str) -> None:
    """Raise Unreadable for what is no JSON document in UTF-8; nothing at all is a matter of fields."""
    if not content:
        return
    _check_type(content_type)
    try:
        value = json.loads(
            content.decode(), object_pairs_hook=_without_doubles, parse_constant=_no_number_of_json
        )
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError as broken:
        raise Unreadable(400, f"the body must be UTF-8 text without lone surrogates: {broken}") from broken
    except RecursionError as deep:
        raise Unreadable(400, f"the body may be {DEEPEST} levels deep") from deep
    except ValueError as broken:
        raise Unreadable(400, f"the body is not JSON: {broken}") from broken
    if _is_deeper(value, DEEPEST):
        raise Unreadable(400, f"the body may be {DEEPEST} levels deep")


def _check_type(content_type: str) -> None:
    stated = Message()
    stated["content-type"] = content_type or "none/stated"
    charset = str(stated.get_param("charset", "utf-8")).lower()
    if stated.get_content_type() != "application/json" or charset not in {"utf-8", "utf8"}:
        raise Unreadable(415, "send the body as Content-Type: application/json, in UTF-8", "Content-Type")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise Unreadable(400, "a key stands twice in the body", double[:100])
    return found


def _no_number_of_json(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


def _is_deeper(value: object, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(one, levels - 1) for one in inner)
