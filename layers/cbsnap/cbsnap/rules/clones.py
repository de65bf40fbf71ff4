"""The disks that drills and calibrations make: known by name *and* tags, as they are terminated unasked.

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
CALIBRATION = "calibrate"


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill under way, as its clones tell it: `clones` by snapshot id, `count` when all are there.

    `purpose` is CALIBRATION for what is like a drill, and no policy's.
    """

    id: str
    instance_id: str
    count: int
    clones: dict[str, Disk]
    purpose: str = PURPOSE

    @property
    def disk_ids(self) -> list[str]:
        """The clones' ids, in order."""
        return sorted(disk.id for disk in self.clones.values())

    @property
    def began(self) -> datetime | None:
        """When the first clone was made; None while the cloud does not say."""
        return min((disk.created_at for disk in self.clones.values() if disk.created_at), default=None)


def is_clone(disk: Disk) -> bool:
    """Tell whether a disk is a drill's or a calibration's, of whatever deployment."""
    return _name(disk) is not None


def under_way(disks: Iterable[Disk], deployment: str, purpose: str = PURPOSE) -> list[Drill]:
    """Return this deployment's drills that have disks, by id; or its calibrations."""
    drills: dict[tuple[str, str], Drill] = {}
    for disk in disks:
        name = _name(disk)
        if name is None or name.instance_id is None or disk.tags.get(DEPLOYMENT_TAG) != deployment:
            continue
        if name.purpose != purpose:
            continue
        key = name.digest, name.instance_id
        drills.setdefault(key, Drill(*key, name.count, {}, purpose)).clones[name.snapshot_id] = disk
    return [drills[key] for key in sorted(drills)]


def _name(disk: Disk) -> MadeName | None:
    """Return what the name of a drill's clone says, None for any other disk."""
    name = restored.parse(disk.name)
    is_ours = disk.usage == "DATA_DISK" and RESTORE_TAG in disk.tags
    is_known = name is not None and name.purpose in {PURPOSE, CALIBRATION} and bool(name.instance_id)
    return name if is_known and is_ours else None
