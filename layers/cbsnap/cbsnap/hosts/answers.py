"""What an agent's answers say, read strictly: what has another form is nobody's word.

A label, a wait and the end of a lease hang on these values. Whether an answer is signed is the
client's business, what follows from it the jobs'.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, NoReturn, cast

from cbsnap.errors import AlreadyTaken, HostBusy, HostError, HostRefused, HostUntrusted
from cbsnap.model import Label
from cbsnap.ports import Cover, HostStatus, LeaseRecord, PlanCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

    Json = Mapping[str, Any]

STATES = {"PREPARING", "HELD", "RELEASING", "RELEASED", "FAILED", "EXPIRED", "BROKEN"}
VERDICTS = {"whole", "broken"}
LABELS = {label.value for label in Label}
LONGEST_WAIT_MS = 600_000  # the longest budget that an agent grants
_DISK = re.compile(r"disk-[a-z0-9][a-z0-9-]{0,99}")
_ID = re.compile(r"[!-~]{1,100}")
_LONGEST = 2000  # characters of a text; a reason may name every step that broke
_DEEPEST = 6  # levels of a position


def parsed(content: bytes) -> dict[str, Any]:
    """Return the JSON object of an answer. Raises HostUntrusted."""
    try:
        stated = json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as broken:
        raise HostUntrusted("the answer is not JSON: is something else listening at the agent's port?") from (
            broken
        )
    return dict(_object(stated, "it"))


def start_id(greeting: Json) -> str:
    """Return what a start of the agent is called, which goes into each signature."""
    return _id(greeting.get("start_id"), "start_id")


def record(answer: Json) -> LeaseRecord:
    """Return a lease's record. Raises HostUntrusted."""
    verdict = answer.get("verdict")
    return LeaseRecord(
        lease_id=_id(answer.get("lease_id"), "lease_id"),
        state=_word(answer.get("state"), STATES, "state"),
        verdict=None if verdict is None else _word(verdict, VERDICTS, "verdict"),
        reason=_text(answer.get("reason"), "reason"),
        covers=tuple(_cover(one) for one in _list(answer.get("covers"), "covers")),
        ttl_left_ms=int(_ms(answer.get("ttl_left_ms"), "ttl_left_ms") or 0),
        locked_ms=_ms(answer.get("locked_ms"), "locked_ms"),
        frozen_ms=_ms(answer.get("frozen_ms"), "frozen_ms"),
        caveats=tuple(_text(one, "caveats") for one in _list(answer.get("caveats"), "caveats")),
        positions=_position(_object(answer.get("positions") or {}, "positions"), _DEEPEST),
        steps=tuple(_step(one) for one in _list(answer.get("steps"), "steps")),
        answered=_answered(answer.get("answered") or {}),
    )


def record_of(lease_id: str, answer: Json) -> LeaseRecord:
    """Return the record of this lease: that of another one proves nothing here."""
    found = record(answer)
    if found.lease_id != lease_id:
        raise HostUntrusted(f"the answer is the record of lease {found.lease_id}, not of {lease_id}")
    return found


def records(answer: Json) -> list[LeaseRecord]:
    """Return the records of a list of leases."""
    return [record(_object(one, "leases")) for one in _list(answer.get("leases"), "leases")]


def plan_check(answer: Json) -> PlanCheck:
    """Return what a plan would hold, and what is in its way.

    How its disks fit those that were asked about is for the caller to judge.
    """
    problems = [_object(one, "problems") for one in _list(answer.get("problems"), "problems")]
    return PlanCheck(
        disk_ids=frozenset(_disk(one, "disks") for one in _list(answer.get("disks"), "disks")),
        problems=tuple(
            _text(one.get("message"), "problems") for one in problems if one.get("field") != "disks"
        ),
        label=_text(answer.get("label"), "label"),
    )


def status(answer: Json) -> HostStatus:
    """Return what an agent says of itself."""
    lease, since_boot = answer.get("lease"), _ms(answer.get("since_boot_ms"), "since_boot_ms")
    if not isinstance(answer.get("paused"), bool):
        _refuse("paused")
    return HostStatus(
        version=_id(answer.get("agent"), "agent"),
        plans=tuple(_text(plan, "plans") for plan in _list(answer.get("plans"), "plans")),
        paused=answer["paused"],
        lease=record(_object(lease, "lease")) if lease else None,
        start_id=start_id(answer),
        since_boot_s=None if since_boot is None else since_boot / 1000,
        key_versions=tuple(_id(str(one), "key_versions") for one in answer.get("key_versions") or ()),
    )


def error(stated: Json) -> HostError:
    """Return the error that a refusal is."""
    code, message = _text(stated.get("code"), "code"), _text(stated.get("message"), "message")
    if code in {"busy", "paused"}:
        wait_ms = _ms(stated.get("retry_after_ms"), "retry_after_ms") or 1000
        return HostBusy(message, int(min(wait_ms, LONGEST_WAIT_MS)))
    if code == "already-taken":
        return AlreadyTaken(message, _answered(stated.get("answered")))
    return HostRefused(code, _text(stated.get("field"), "field"), message)


def not_let_in(stated: Json) -> HostRefused:
    """Return what an agent says of a request that it cannot tell from a stranger's, unsigned."""
    code, message = _text(stated.get("code"), "code"), _text(stated.get("message"), "message")
    return HostRefused(code, "signature", message)


def _refuse(name: str) -> NoReturn:
    raise HostUntrusted(f"the answer is not an agent's: {name} has another form")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _object(value: object, name: str) -> Json:
    if not isinstance(value, dict):
        _refuse(name)
    return cast("Json", value)


def _list(value: object, name: str) -> list[Any]:
    """Return a list; what is missing is an empty one, but for what an answer is about."""
    if not isinstance(value, list):
        if value is None and name in {"caveats", "steps"}:
            return []
        _refuse(name)
    return value


def _text(value: object, name: str) -> str:
    """Return a text, cut where it is too long for a report; nothing is an empty one."""
    if value is None:
        return ""
    if not isinstance(value, str):
        _refuse(name)
    return value[:_LONGEST].encode(errors="replace").decode()  # JSON can write what is no Unicode


def _word(value: object, words: set[str], name: str) -> str:
    if not isinstance(value, str) or value not in words:
        _refuse(name)
    return value


def _id(value: object, name: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        _refuse(name)
    return value


def _disk(value: object, name: str) -> str:
    if not isinstance(value, str) or not _DISK.fullmatch(value):
        _refuse(name)
    return value


def _ms(value: object, name: str) -> float | None:
    """Return milliseconds, from none to what a clock can count."""
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 2**53:
        _refuse(name)
    return value


def _cover(value: object) -> Cover:
    stated = _object(value, "covers")
    label = Label(_word(stated.get("label"), LABELS, "covers"))
    return Cover(_disk(stated.get("disk_id"), "covers"), label, _text(stated.get("how"), "covers"))


def _step(value: object) -> tuple[str, float]:
    stated = _object(value, "steps")
    return _text(stated.get("name"), "steps"), _ms(stated.get("ms"), "steps") or 0.0


def _answered(value: object) -> dict[str, str]:
    return {
        _disk(disk, "answered"): _id(snapshot, "answered")
        for disk, snapshot in _object(value, "answered").items()
    }


def _position(value: object, levels: int) -> Any:  # noqa: ANN401 - each engine has its own
    """Return a position: what JSON has, flat enough and finite, texts whole."""
    if not levels:
        _refuse("positions")
    if isinstance(value, dict):
        return {_whole(key): _position(inner, levels - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_position(inner, levels - 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        _refuse("positions")
    return _whole(value) if isinstance(value, str) else value


def _whole(text: str) -> str:
    """Return a text as it is: a position is whole or absent, never cut."""
    try:
        text.encode()
    except UnicodeEncodeError:
        _refuse("positions")
    return text
