"""Batches, errands and reports as JSON: what functions hand to each other and what they return.

A batch or an errand comes back from outside, as a function's event, and is checked like any input.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from cbsnap.errors import InputError
from cbsnap.model.events import Reaction
from cbsnap.model.runs import Batch, DrillOrder, Report
from cbsnap.restoration import Progress, RestoreOrder
from cbsnap.upkeep import Tried, Upkeep

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cbsnap.model.plan import Target


PART = 10  # outcomes, and proofs, of one log line

Kind = TypeVar("Kind")

ERRAND = "cbsnap"  # an errand's key in a function's event; its value says which
Errand = RestoreOrder | DrillOrder
ERRANDS: dict[str, type[Errand]] = {"restore": RestoreOrder, "drill": DrillOrder}
SETTLE = "settle"  # a worker's errand, to which nothing belongs but where


@cache
def _batches() -> TypeAdapter[Batch]:
    """Make the schema when it is first needed: it costs more than all else here."""
    return TypeAdapter(Batch)


@cache
def _report() -> TypeAdapter[Report]:
    return TypeAdapter(Report)


@cache
def _reports() -> TypeAdapter[tuple[Report, ...]]:
    return TypeAdapter(tuple[Report, ...])


@cache
def _reactions() -> TypeAdapter[tuple[Reaction, ...]]:
    return TypeAdapter(tuple[Reaction, ...])


@cache
def _upkeep() -> TypeAdapter[tuple[Upkeep, ...]]:
    return TypeAdapter(tuple[Upkeep, ...])


@cache
def _pass() -> TypeAdapter[Upkeep]:
    return TypeAdapter(Upkeep)


@cache
def _errands(kind: str) -> TypeAdapter[Errand]:
    return TypeAdapter(ERRANDS[kind])


@cache
def _progress() -> TypeAdapter[Progress]:
    return TypeAdapter(Progress)


def batch_text(batch: Batch) -> str:
    """Return a batch as compact JSON."""
    return _batches().dump_json(batch).decode()


def batch(event: Mapping[str, Any]) -> Batch:
    """Return the batch of an event; InputError names the first field that is wrong."""
    return _checked(_batches(), event, "batch")


def errand_text(order: Errand) -> str:
    """Return an errand as compact JSON."""
    kind = next(kind for kind, orders in ERRANDS.items() if isinstance(order, orders))
    values = _errands(kind).dump_python(order, mode="json", exclude_defaults=True)
    return json.dumps({ERRAND: kind, **values}, separators=(",", ":"))


def errand(event: Mapping[str, Any]) -> Errand:
    """Return the errand of an event; InputError names the first field that is wrong."""
    kind = event.get(ERRAND)
    if not isinstance(kind, str) or kind not in ERRANDS:
        raise InputError(ERRAND, f"{kind!r} is no errand; there are {', '.join(ERRANDS)}")
    values = {name: value for name, value in event.items() if name != ERRAND}
    return _checked(_errands(kind), values, kind)


def progress(value: Progress) -> dict[str, Any]:
    """Return how far a restore has come as JSON-serialisable values; empty fields are left out."""
    dumped: dict[str, Any] = _progress().dump_python(value, mode="json", exclude_defaults=True)
    return dumped


def _checked(schema: TypeAdapter[Kind], event: Mapping[str, Any], name: str) -> Kind:
    try:
        return schema.validate_python(event)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise InputError(f"{name}." + ".".join(map(str, first["loc"])), first["msg"]) from wrong


def settling_text(target: Target) -> str:
    """Return the errand to settle what is unproven in a target, as compact JSON."""
    return json.dumps({ERRAND: SETTLE, "region": target.region, "role": target.role})


def settling(event: Mapping[str, Any], targets: Iterable[Target]) -> Target:
    """Return which of the targets an errand is about. Raises InputError."""
    for target in targets:
        if (target.region, target.role) == (event.get("region"), event.get("role")):
            return target
    raise InputError("region", f"{event.get('region')!r} with this role is no target of the policy file")


def reports(values: Iterable[Report]) -> list[dict[str, Any]]:
    """Return reports as JSON-serialisable values; empty fields are left out."""
    dumped: list[dict[str, Any]] = _reports().dump_python(tuple(values), mode="json", exclude_defaults=True)
    return dumped


def reactions(values: Iterable[Reaction]) -> list[dict[str, Any]]:
    """Return what became of events as JSON-serialisable values; empty fields are left out."""
    dumped: list[dict[str, Any]] = _reactions().dump_python(tuple(values), mode="json", exclude_defaults=True)
    return dumped


def report_lines(report: Report) -> list[dict[str, Any]]:
    """Return a report in parts, each for one log line of some KB: how long one may be is not documented."""
    longest = max(len(report.outcomes), len(report.proofs), len(report.removed), 1)
    return reports(
        replace(
            report,
            outcomes=report.outcomes[start : start + PART],
            proofs=report.proofs[start : start + PART],
            removed=report.removed[start : start + PART],
        )
        for start in range(0, longest, PART)
    )


def put_together(parts: Sequence[Report]) -> Report:
    """Return the report that was logged in parts."""
    return replace(
        parts[0],
        outcomes=tuple(one for part in parts for one in part.outcomes),
        proofs=tuple(one for part in parts for one in part.proofs),
        removed=tuple(one for part in parts for one in part.removed),
    )


def report(line: Mapping[str, Any]) -> Report:
    """Return the report, or the part of one, that a log line holds; InputError for what is none."""
    try:
        return _report().validate_python(line)
    except ValidationError as wrong:
        raise InputError("report", wrong.errors()[0]["msg"]) from wrong


def passed(line: Mapping[str, Any]) -> Upkeep:
    """Return one region's pass, as `upkeep` tells it. Raises InputError."""
    try:
        return _pass().validate_python(line)
    except ValidationError as wrong:
        raise InputError("upkeep", wrong.errors()[0]["msg"]) from wrong


def drills(line: Mapping[str, Any]) -> tuple[Tried, ...]:
    """Return what the drills of one region's pass came to, as `upkeep` tells it. Raises InputError."""
    changes = passed(line).changes
    return tuple(one.drill for one in changes if one.drill)


def upkeep(values: Iterable[Upkeep]) -> list[dict[str, Any]]:
    """Return what a pass came to as JSON-serialisable values; empty fields are left out."""
    dumped: list[dict[str, Any]] = _upkeep().dump_python(tuple(values), mode="json", exclude_defaults=True)
    return dumped
