"""Which rules an event meets, which disks and instances it names, and whether we caused it ourselves.

Pure: what is done about it is decided in `jobs.react`.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cbsnap.rules.names import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cbsnap.model.events import Happening
    from cbsnap.model.plan import EventRule

CLIENT = "cbsnap"  # what our calls say they come from, which CloudAudit shows
_RESOURCE = re.compile(r"(?<![a-z0-9-])(?:disk|ins)-[a-z0-9]{1,40}(?![a-z0-9-])")


def meets(happening: Happening, rule: EventRule) -> bool:
    """Tell whether an event meets every condition of a rule."""
    return all(_conditions(happening, rule))


def _conditions(happening: Happening, rule: EventRule) -> Iterator[bool]:
    yield _any_matches(rule.source, [happening.source])
    yield _any_matches(rule.type, [happening.type])
    yield _any_matches(rule.subject, [happening.subject])
    for key, patterns in rule.tags.items():
        yield key in happening.tags and _any_matches(patterns, [happening.tags[key]])
    for path, patterns in rule.data.items():
        values = list(_texts(happening.data, path.split(".")))
        yield bool(values) and _any_matches(patterns, values)


def named(happening: Happening, fields: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the ids of disks and of instances that stand in these fields, each once, in order.

    A field is `subject`, or `data` with a dotted path below it; what lies under it is searched.
    """
    texts = [text for field in fields for text in _of_field(happening, field)]
    ids = dict.fromkeys(match[0] for text in texts for match in _RESOURCE.finditer(text))
    return [one for one in ids if one.startswith("disk-")], [one for one in ids if one.startswith("ins-")]


def _of_field(happening: Happening, field: str) -> Iterator[str]:
    head, *path = field.split(".")
    return iter([happening.subject]) if head == "subject" else _below(happening.data, path)


def caused_by_us(happening: Happening, role: str, secret_id: str) -> str:
    """Return how an event shows that a call of ours caused it, or nothing.

    `role` is the id of our own role, `secret_id` that of the key we call with; empty where unknown.
    """
    actor = happening.actor
    if actor is None:
        return ""
    if CLIENT in re.split(r"[^a-z0-9-]+", actor.client):
        return f"its userAgent is {CLIENT}"
    if role and role in actor.principal.split(":"):
        return f"our own role {role} called"
    if secret_id and actor.secret_id == secret_id:
        return "our own key called"
    ours = [name for name in _texts(happening.data, ["requestParameters", "SnapshotName"]) if parse(name)]
    return f"it made a snapshot of ours, {ours[0]}" if ours else ""


def _any_matches(patterns: Sequence[str], values: Sequence[str]) -> bool:
    return not patterns or any(matches(pattern, value) for pattern in patterns for value in values)


def matches(pattern: str, text: str) -> bool:
    """Tell whether a text is as the pattern says, in which `*` stands for any text; in linear time."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first):
        return False
    place = len(first)
    for part in middle:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return len(text) - place >= len(last) and text.endswith(last)


def _texts(value: object, path: Sequence[str]) -> Iterator[str]:
    """Yield the simple values at a path as JSON writes them, those of each member where there is a list."""
    if isinstance(value, list):
        for member in value:
            yield from _texts(member, path)
    elif path and isinstance(value, dict):
        yield from _texts(value.get(path[0]), path[1:])
    elif not path and not isinstance(value, dict) and value is not None:
        yield value if isinstance(value, str) else json.dumps(value)


def _below(value: object, path: Sequence[str]) -> Iterator[str]:
    """Yield all texts at a path and below it."""
    if isinstance(value, list):
        for member in value:
            yield from _below(member, path)
    elif isinstance(value, dict):
        inner: Mapping[str, object] = value if not path else {path[0]: value.get(path[0])}
        for member in inner.values():
            yield from _below(member, path[1:])
    elif not path and isinstance(value, str):
        yield value
