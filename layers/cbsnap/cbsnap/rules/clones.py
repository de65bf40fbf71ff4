"""The disks that drills make: known by name *and* tags, since they are terminated without asking.

`drill-<snapshot id>.<7 hex digits of the drill's key's SHA-256>.<how many the drill has>.<instance id>`

One that a person renames or untags is nobody's here any more, and stays. No policy selects them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from cbsnap.rules.ours import DEPLOYMENT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cbsnap.model import Disk

MADE_TAG = "cbsnap:restore"  # on every disk that was made of a snapshot
_NAME = re.compile(
    r"drill-(?P<snapshot>snap-[a-z0-9]+)\.(?P<drill>[0-9a-f]{7})\.(?P<count>[1-9][0-9]?)\.(?P<instance>ins-[a-z0-9]+)"
)


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


def drill_id(key: str) -> str:
    """Return what stands for a drill in names: the same key is the same drill."""
    return sha256(key.encode()).hexdigest()[:7]


def clone_name(snapshot_id: str, drill: str, count: int, instance_id: str) -> str:
    """Return the name of a drill's clone of a snapshot."""
    return f"drill-{snapshot_id}.{drill}.{count}.{instance_id}"


def is_clone(disk: Disk) -> bool:
    """Tell whether a disk is a drill's, of whatever deployment."""
    return _NAME.fullmatch(disk.name) is not None and disk.usage == "DATA_DISK" and MADE_TAG in disk.tags


def under_way(disks: Iterable[Disk], deployment: str) -> list[Drill]:
    """Return this deployment's drills that have disks, by id."""
    drills: dict[tuple[str, str], Drill] = {}
    for disk in disks:
        name = _NAME.fullmatch(disk.name)
        if name is None or not is_clone(disk) or disk.tags.get(DEPLOYMENT_TAG) != deployment:
            continue
        empty = Drill(name["drill"], name["instance"], int(name["count"]), {})
        drills.setdefault((name["drill"], name["instance"]), empty).clones[name["snapshot"]] = disk
    return [drills[key] for key in sorted(drills)]
