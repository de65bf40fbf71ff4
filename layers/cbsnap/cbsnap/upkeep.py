"""What looking after snapshots comes to: what was changed, and what a person should know.

Values only, told by the jobs as they go, so that what was done before a failure is reported too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """What was done to one snapshot; the audit of every pass is made of these."""

    LABELLED = "labelled"
    TAGGED = "tagged"
    ADOPTED = "adopted"


class Trouble(Enum):
    """What is not as it should be."""

    STUCK = "stuck"
    MISSING = "missing"
    UNPROVEN = "unproven"
    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    FOREIGN = "not adopted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was done: `subject` is a snapshot's id."""

    action: Action
    region: str
    subject: str
    reason: str
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know: `subject` is a snapshot's, disk's or policy's name."""

    trouble: Trouble
    region: str
    subject: str
    reason: str
    policy: str | None = None


Note = Change | Finding


@dataclass(frozen=True, slots=True)
class Upkeep:
    """One region's pass. `error`: why it could not go on, empty when it went through."""

    region: str
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    error: str = ""
