"""Which snapshots a restore or a drill works with now: retention leaves them until it has ended.

Read from the disks that are made and from the safety snapshots. What nobody carries on is not in use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.rules import restored
from cbsnap.rules.clones import is_clone
from cbsnap.rules.restored import DESERTED, MAKING, SAFETY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from cbsnap.model.cloud import Disk
    from cbsnap.rules.ours import Ours


def in_use(mine: Sequence[Ours], disks: Mapping[str, Disk], now: datetime) -> dict[str, str]:
    """Return the ids of a region's snapshots that are in use, each with by what."""
    rolling = dict(_rolling_back(mine, disks, now))
    own = {one.snapshot.id: rolling[one.snapshot.disk_id] for one in mine if one.snapshot.disk_id in rolling}
    return {**own, **dict(_cloned(disks, now))}


def _cloned(disks: Mapping[str, Disk], now: datetime) -> Iterator[tuple[str, str]]:
    for disk in disks.values():
        name = restored.parse(disk.name)
        if name is None or disk.state == "TORECYCLE" or restored.mark(disk) != MAKING:
            continue
        if is_clone(disk):
            yield name.snapshot_id, f"a drill tries it, on {disk.id}"
        elif disk.created_at is None or now <= disk.created_at + DESERTED:
            yield name.snapshot_id, f"{disk.id} is being made of it"


def _rolling_back(
    mine: Sequence[Ours], disks: Mapping[str, Disk], now: datetime
) -> Iterator[tuple[str, str]]:
    for one in mine:
        if one.name.policy == SAFETY:
            disk = disks.get(one.snapshot.disk_id)
            if not restored.rolled("", one.snapshot, disk, now).over:
                yield one.snapshot.disk_id, f"{one.snapshot.disk_id} is being rolled back"
