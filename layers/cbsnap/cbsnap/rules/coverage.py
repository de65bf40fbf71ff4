"""Whether each disk has a good snapshot that is fresh enough for its policies.

Says so for every disk of the account, also for those that no policy selects. What is done about a
gap is the jobs' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from cbsnap.rules.clones import is_clone
from cbsnap.rules.selection import selected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, timedelta

    from cbsnap.model import Disk, Label, Selection
    from cbsnap.rules.ours import Ours


class Standing(Enum):
    """How a disk stands with a policy."""

    COVERED = "covered"
    STALE = "stale"
    NONE = "no good snapshot"
    PENDING = "not due yet"
    UNSELECTED = "no policy"


@dataclass(frozen=True, slots=True)
class Need:
    """What a policy owes its disks: a snapshot of at least this label, not older than `within`."""

    policy: str
    select: Selection
    good: Label
    within: timedelta


@dataclass(frozen=True, slots=True)
class Coverage:
    """One disk and one policy that selects it, or none. `age` is since the newest good one was due.

    `within` is how old that may be, `drilled` the newest snapshot that a drill has tried.
    """

    disk: Disk
    standing: Standing
    policy: str | None = None
    newest: Ours | None = None
    age: timedelta | None = None
    within: timedelta | None = None
    drilled: Ours | None = None


def coverage(
    disks: Sequence[Disk], needs: Sequence[Need], snapshots: Iterable[Ours], now: datetime
) -> list[Coverage]:
    """Return one entry for each disk and policy that selects it, and one for each disk without; by disk.

    Only snapshots in the disk's own region count: a copy elsewhere is not what `within` promises.
    """
    lines: dict[tuple[str, str, str], list[Ours]] = {}
    for one in snapshots:
        lines.setdefault(one.line, []).append(one)
    found = [entry for need in needs for entry in _covered(disks, need, lines, now)]
    selected_ids = {entry.disk.id for entry in found}
    found += [
        Coverage(disk, Standing.UNSELECTED)
        for disk in disks
        if disk.id not in selected_ids and not is_clone(disk)
    ]
    return sorted(found, key=lambda entry: (entry.disk.region, entry.disk.id, entry.policy or ""))


def _covered(
    disks: Sequence[Disk], need: Need, lines: dict[tuple[str, str, str], list[Ours]], now: datetime
) -> Iterator[Coverage]:
    for disk in selected(disks, need.select):
        line = lines.get((disk.region, disk.id, need.policy), ())
        newest = _newest(one for one in line if one.good(need.good))
        age = now - newest.name.due if newest else None
        without = _standing_without(disk, need.within, now)
        standing = without if age is None else _standing(age, need.within)
        drilled = _newest(one for one in line if one.verdict)
        yield Coverage(disk, standing, need.policy, newest, age, need.within, drilled)


def _newest(some: Iterable[Ours]) -> Ours | None:
    return max(some, key=lambda one: one.age_rank, default=None)


def _standing_without(disk: Disk, within: timedelta, now: datetime) -> Standing:
    """Return how a disk without a good snapshot stands: one younger than the promise is owed none yet."""
    young = disk.created_at is not None and now - disk.created_at <= within
    return Standing.PENDING if young else Standing.NONE


def _standing(age: timedelta, within: timedelta) -> Standing:
    return Standing.COVERED if age <= within else Standing.STALE
