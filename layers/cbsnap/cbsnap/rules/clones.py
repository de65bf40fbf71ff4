"""The disks that drills make: known by name *and* tags, since they are terminated without asking.

One that a person renames or untags is nobody's here any more, and stays. No policy selects them. How they
are named is the restores' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.rules import restored
from cbsnap.rules.ours import DEPLOYMENT_TAG
from cbsnap.rules.restored import RESTORE_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cbsnap.model import Disk
    from cbsnap.rules.restored import MadeName

PURPOSE = "drill"


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill under way, as its clones tell it: `clones` by snapshot id, `count` when all are there."""

    id: str
    instance_id: str
    count: int
    clones: dict[str, Disk]

    @property
    def disk_ids(self) -> list[str]:
        """The clones' ids, in order."""
        return sorted(disk.id for disk in self.clones.values())

    @property
    def began(self) -> datetime | None:
        """When the first clone was made; None while the cloud does not say."""
        return min((disk.created_at for disk in self.clones.values() if disk.created_at), default=None)


def is_clone(disk: Disk) -> bool:
    """Tell whether a disk is a drill's, of whatever deployment."""
    return _name(disk) is not None


def under_way(disks: Iterable[Disk], deployment: str) -> list[Drill]:
    """Return this deployment's drills that have disks, by id."""
    drills: dict[tuple[str, str], Drill] = {}
    for disk in disks:
        name = _name(disk)
        if name is None or name.instance_id is None or disk.tags.get(DEPLOYMENT_TAG) != deployment:
            continue
        key = name.digest, name.instance_id
        drills.setdefault(key, Drill(*key, name.count, {})).clones[name.snapshot_id] = disk
    return [drills[key] for key in sorted(drills)]


def _name(disk: Disk) -> MadeName | None:
    """Return what the name of a drill's clone says, None for any other disk."""
    name = restored.parse(disk.name)
    is_ours = disk.usage == "DATA_DISK" and RESTORE_TAG in disk.tags
    return name if name and is_ours and name.purpose == PURPOSE and name.instance_id else None
