"""What brings events to a function, and the one form that all of them are turned into.

Reads the shapes of event bus (1108/42275, batches 1108/46254), CloudAudit (1108/46246,
1021/40499), CKafka, CMQ and COS. One message that cannot be read does not stop the others. What
an event leads to is decided in `jobs.react`.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cbsnap.entry import bounded
from cbsnap.errors import InputError
from cbsnap.model.events import Actor, Happening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Reader = Callable[[Mapping[str, Any], str], Happening]

AUDIT = ":CloudEvent:"  # in the type of what CloudAudit delivers (1108/46246)
_ID = re.compile(r"[!-~]{1,100}")
_LONGEST = 1024


def happenings(event: object) -> list[Happening | InputError]:
    """Return what an event brought, in order: each message read, or what is wrong with it and where."""
    try:
        messages = list(_messages(event))
    except InputError as wrong:
        return [wrong]
    return [_read(message, field, reader) for field, message, reader in messages]


def _messages(event: object) -> Iterator[tuple[str, object, Reader]]:
    """Yield each message with its place; the bus's batches come as a list or as EventList."""
    if isinstance(event, list):
        yield from ((str(place), message, _bus) for place, message in enumerate(event))
    elif isinstance(event, dict) and "EventList" in event:
        yield from ((field, message, _bus) for field, message in _listed(event, "EventList"))
    elif isinstance(event, dict) and "Records" in event:
        yield from ((field, message, _record) for field, message in _listed(event, "Records"))
    else:
        yield "", event, _bus


def _listed(event: Mapping[str, Any], name: str) -> list[tuple[str, object]]:
    if not isinstance(event[name], list):
        raise InputError(name, "must be a list of messages")
    return [(f"{name}.{place}", message) for place, message in enumerate(event[name])]


def _read(message: object, field: str, reader: Reader) -> Happening | InputError:
    try:
        bounded.check(message, field)
        return reader(_object(message, field), field)
    except InputError as wrong:
        return wrong


def _bus(message: Mapping[str, Any], field: str) -> Happening:
    """Read an event of the bus: `subject` is also spelled `subjuect`, and `time` `timer` (1108/42275)."""
    kind = _text(message, "type", field)
    data = _data(message.get("data"), _at(field, "data"))
    return Happening(
        id=_id(message, field),
        source=_text(message, "source", field),
        type=kind,
        subject=_text(message, "subject" if "subject" in message else "subjuect", field, ""),
        time=_time(message.get("time", message.get("timer")), _at(field, "time")),
        region=_text(message, "region", field, ""),
        tags=_tags(message.get("tags"), _at(field, "tags")),
        data=data,
        actor=_actor(data) if AUDIT in kind else None,
    )


def _actor(data: Mapping[str, Any]) -> Actor:
    """Read who called (1021/40499); that `userAgent` is the SDK's X-TC-RequestClient is inferred."""
    identity = _data(data.get("userIdentity"), "userIdentity")
    told = (identity.get("principalId"), identity.get("secretId"), data.get("userAgent"))
    return Actor(*("" if one is None else str(one) for one in told))


def _record(record: Mapping[str, Any], field: str) -> Happening:
    for name, reader in _RECORDS.items():
        if name in record:
            return reader(record, field)
    raise InputError(field, f"has none of {', '.join(_RECORDS)}: nothing else is read")


def _ckafka(record: Mapping[str, Any], field: str) -> Happening:
    """Read a message of CKafka; it has no id but its place in the topic, which starts anew with a topic."""
    field = _at(field, "Ckafka")
    message = _object(record["Ckafka"], field)
    topic, body = _text(message, "topic", field), _text(message, "msgBody", field)
    place = (topic, message.get("partition"), message.get("offset"), body)
    return Happening(
        id=_made_id("ckafka", *place),
        source="ckafka",
        type="ckafka:message",
        subject=topic,
        data=_data(body, _at(field, "msgBody")),
    )


def _cmq(record: Mapping[str, Any], field: str) -> Happening:
    field = _at(field, "CMQ")
    message = _object(record["CMQ"], field)
    topic, body = _text(message, "topicName", field), _text(message, "msgBody", field)
    tags = message.get("msgTag")
    return Happening(
        id=_made_id("cmq", topic, _text(message, "msgId", field)),
        source="cmq",
        type="cmq:message",
        subject=topic,
        time=_time(message.get("publishTime"), _at(field, "publishTime")),
        tags={str(tag): "" for tag in tags} if isinstance(tags, list) else {},
        data=_data(body, _at(field, "msgBody")),
    )


def _cos(record: Mapping[str, Any], field: str) -> Happening:
    """Read what happened to an object; the subject is bucket and key, without the account's number."""
    told = _object(record.get("event"), _at(field, "event"))
    stored = _object(record["cos"], _at(field, "cos"))
    kept = _object(stored.get("cosObject"), _at(field, "cos.cosObject"))
    kind, key = _text(told, "eventName", field + ".event"), _text(kept, "key", field + ".cos.cosObject")
    seconds = told.get("eventTime")
    return Happening(
        id=_made_id("cos", kind, key, seconds, kept.get("vid")),
        source="cos",
        type=kind,
        subject=re.sub(r"^/[0-9]+/", "", key),
        time=_time(seconds * 1000 if type(seconds) is int else seconds, _at(field, "event.eventTime")),
        data={"cos": stored, "event": told},
    )


_RECORDS: dict[str, Reader] = {"Ckafka": _ckafka, "CMQ": _cmq, "cos": _cos}


def _at(field: str, name: str) -> str:
    return f"{field}.{name}".removeprefix(".")


def _object(value: object, field: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InputError(field, f"must be a JSON object, not {type(value).__name__}")
    return value


def _text(message: Mapping[str, Any], name: str, field: str, default: str | None = None) -> str:
    value = message.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise InputError(_at(field, name), "is missing" if value is None else "must be text")
    if name != "msgBody" and len(value) > _LONGEST:
        raise InputError(_at(field, name), f"has {len(value)} characters, {_LONGEST} at most")
    return value


def _id(message: Mapping[str, Any], field: str) -> str:
    value = _text(message, "id", field)
    if not _ID.fullmatch(value):
        raise InputError(_at(field, "id"), "must be 1 to 100 printable ASCII characters without a space")
    return value


def _made_id(*parts: object) -> str:
    """Return an id that the same message has at each delivery."""
    return f"{parts[0]}-{sha256(repr(parts).encode()).hexdigest()[:32]}"


def _data(value: object, field: str) -> dict[str, Any]:
    """Return the data as an object; what is none comes under `body`.

    The bus documents it as text, too; a connector's `msgBody` and, as inferred, CloudAudit's
    `requestParameters` in it can be JSON in a text again.
    """
    value = _unfolded(value, field)
    if not isinstance(value, dict):
        return {} if value is None else {"body": value}
    return {key: _unfolded(inner, f"{field}.{bounded.shown(key)}") for key, inner in value.items()}


def _unfolded(value: object, field: str) -> object:
    return bounded.parsed(value, field) if isinstance(value, str) and value[:1] in {"{", "["} else value


def _tags(value: object, field: str) -> dict[str, str]:
    return {key: str(text) for key, text in _object(value or {}, field).items()}


def _time(value: object, field: str) -> datetime | None:
    """Read milliseconds, as a number or as text, or an ISO time, which is UTC where it does not say."""
    if value is None:
        return None
    try:
        if isinstance(value, str) and not value.isdigit():
            read = datetime.fromisoformat(value.replace("Z", "+00:00"))
            return (read if read.tzinfo else read.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return datetime.fromtimestamp(int(value) / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        pass
    wrong = bounded.shown(str(value)) if isinstance(value, str) else type(value).__name__
    raise InputError(field, f"{wrong} is no time: milliseconds since 1970, or like 2026-11-22T02:00:00Z")
