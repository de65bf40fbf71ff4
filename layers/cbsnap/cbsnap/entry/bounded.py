"""How large and how deep a message may be, and that its texts are texts.

Decides this before anything is read from a message, and names the place that is at fault. What
the fields mean is the envelopes' business.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 128 * 1024  # what an asynchronous event may have (583/11637)
DEEPEST = 32
_SHOWN = 40  # characters of a key in a message


def check(value: object, field: str) -> None:
    """Raise InputError, with the dotted path from `field`, for a JSON value that is out of bounds."""
    left = MOST_BYTES
    for path, part in _parts(value, field, DEEPEST):
        left -= _size_bytes(part, path)
        if left < 0:
            raise InputError(path, f"the message is over {MOST_BYTES} bytes here: send less")


def parsed(text: str, field: str) -> object:
    """Return what a text holds, if that is JSON in bounds, or the text itself. Raises InputError."""
    check(text, field)
    try:
        value = json.loads(text)
    except RecursionError:
        raise _too_deep(field) from None
    except ValueError:
        return text
    check(value, field)
    return value


def shown(text: str, most: int = _SHOWN) -> str:
    """Return a text for a report: one line of plain characters, cut where it is long."""
    plain = text.encode("unicode_escape").decode()
    return plain if len(plain) <= most else plain[:most] + "..."


def _parts(value: object, path: str, depth: int) -> Iterator[tuple[str, object]]:
    """Yield keys and values, the outermost first; containers as empty ones."""
    if isinstance(value, dict):
        items = [(f"{path}.{shown(str(key))}".removeprefix("."), key, inner) for key, inner in value.items()]
    elif isinstance(value, list):
        items = [(f"{path}.{index}".removeprefix("."), None, inner) for index, inner in enumerate(value)]
    else:
        yield path, value
        return
    if not depth:
        raise _too_deep(path)
    for inner_path, key, inner in items:
        yield inner_path, key
        yield from _parts(inner, inner_path, depth - 1)


def _size_bytes(part: object, path: str) -> int:
    if isinstance(part, str):
        try:
            return len(part.encode()) + 1
        except UnicodeEncodeError as wrong:
            raise InputError(path, f"is not Unicode text, at character {wrong.start}: send UTF-8") from None
    return part.bit_length() // 3 + 1 if isinstance(part, int) else 1


def _too_deep(path: str) -> InputError:
    # The path of the place would be as long as it is deep.
    top = ".".join(path.split(".")[:3])
    return InputError(top, f"is nested deeper than {DEEPEST} levels: send it flatter")
