"""What looking after snapshots comes to: what was changed, and what a person should know.

Values only, told by the jobs as they go, so that what was done before a failure is reported too.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - `wire` has the annotations read
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - as above
from enum import Enum


class Action(Enum):
    """What was done to one snapshot or instance; the audit of every pass is made of these."""

    LABELLED = "labelled"
    TAGGED = "tagged"
    ADOPTED = "adopted"
    DELETED = "deleted"
    ENDED = "given an end"
    UNENDED = "kept for good"
    COPIED = "copying"
    SHARED = "shared"
    UNSHARED = "taken back"
    STARTED = "started again"
    CLONED = "cloned for a drill"
    DRILLED = "drilled"
    DEMOTED = "demoted"
    REMOVED = "removed"


class Trouble(Enum):
    """What is not as it should be."""

    STUCK = "stuck"
    MISSING = "missing"
    UNPROVEN = "unproven"
    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    FOREIGN = "not adopted"
    REFUSED = "refused"
    FUSE = "fuse"
    STALE = "stale"
    UNCOVERED = "uncovered"
    LOST = "lease lost"
    QUOTA = "quota"
    DRILL = "drill failed"
    LATE = "cut late"
    UNDRILLED = "not drilled"


ADVISORY = {Trouble.ORPHAN, Trouble.DUPLICATE, Trouble.FOREIGN}  # to be known; no snapshot is at risk


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a drill looked at; `ms` is how long it took."""

    name: str
    ok: bool
    detail: str
    ms: float


@dataclass(frozen=True, slots=True)
class Tried:
    """What a drill of these snapshots came to; `verdict` and `cut` in the words of `rules.drillreports`."""

    snapshots: tuple[str, ...]
    verdict: str
    cut: str
    reason: str
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was done: `subject` is a snapshot's, an instance's or a clone's id.

    `drill` stands with the first of the snapshots that were drilled together.
    """

    action: Action
    region: str
    subject: str
    reason: str
    policy: str | None = None
    drill: Tried | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know: `subject` is a snapshot's, disk's or policy's name.

    `since`: when it came to be so, where the cloud's own facts tell.
    """

    trouble: Trouble
    region: str
    subject: str
    reason: str
    policy: str | None = None
    since: datetime | None = None


Note = Change | Finding


@dataclass(frozen=True, slots=True)
class Upkeep:
    """One region's pass. `error`: why it could not go on, empty when it went through.

    `standings` counts disks and policies by how they stand; disks that no policy selects, too.
    """

    region: str
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    standings: Mapping[str, int] = field(default_factory=dict)
    error: str = ""

    @property
    def alarming(self) -> bool:
        """Whether anything was found that puts a snapshot at risk."""
        return any(one.trouble not in ADVISORY for one in self.findings)
