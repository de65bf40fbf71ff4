"""What a check says: how it stands, what was found, and the cure; and what that comes to as an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Health(Enum):
    """How a thing stands. UNKNOWN: it could not be found out. NOT_MADE: there was nothing to check it by."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"
    NOT_MADE = "not made"


_CODES = ((Health.BAD, 2), (Health.UNKNOWN, 3), (Health.WARN, 1))  # the gravest comes first


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One check's finding about one thing; `cure` says what to do, and is empty where all is well."""

    check: str
    subject: str
    health: Health
    said: str
    cure: str = ""


def exit_code(found: Iterable[Diagnosis]) -> int:
    """Return 2 if something is bad, 3 if something could not be found out, 1 for a warning, else 0."""
    there = {one.health for one in found}
    return next((code for health, code in _CODES if health in there), 0)
