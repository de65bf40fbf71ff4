"""Whether a disk can be snapshotted at all, seen before anything is locked.

What passes by itself is deferred, what does not is refused. A state that this table does not know
is let through: CreateSnapshot's own answer is the authority.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.model.runs import Decision

if TYPE_CHECKING:
    from cbsnap.model.cloud import Disk

# The states of DescribeDisks that end by themselves; ATTACHED and UNATTACHED are fit.
_PASSING = {
    "ATTACHING": "it is being attached",
    "DETACHING": "it is being detached",
    "EXPANDING": "it is being expanded",
    "ROLLBACKING": "it is being rolled back",
    "DUMPING": "its data is being copied",
}


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a disk is left out: `reason` says what it is and what to do."""

    decision: Decision
    reason: str


def unfit(disk: Disk) -> Unfit | None:
    """Return why the disk cannot be taken now, or None when it can."""
    if final := _final(disk):
        return Unfit(Decision.REFUSED, final)
    if passing := _passing(disk):
        return Unfit(Decision.DEFERRED, f"{passing}: it can be taken when that has ended")
    if not disk.snapshot_ability:
        # After the passing states: nothing says that the cloud keeps SnapshotAbility true in them.
        return Unfit(
            Decision.REFUSED,
            "its type cannot be snapshotted (SnapshotAbility is false): exclude it, or change its type",
        )
    return None


def _final(disk: Disk) -> str | None:
    if disk.state == "TORECYCLE":
        return "it is in the recycle bin: renew it, or exclude it"
    if disk.shareable:
        return "shared disks cannot be snapshotted (UnsupportedOperation.ShareDiskNotSupportSnap): exclude it"
    return None


def _passing(disk: Disk) -> str | None:
    if disk.rolling_back:
        return _PASSING["ROLLBACKING"]
    if disk.migrating:
        return "it is being migrated"
    return _PASSING.get(disk.state)
