"""Whether there is room for the snapshots, asked before anything is locked.

No call of the API returns the limits, so they are computed as documented (per region: 362/5754,
2023; per disk: 362/32413) and a person may set others. The error at creation is the authority.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.model.runs import Decision, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbsnap.model.cloud import SnapshotUsage
    from cbsnap.model.plan import QuotaLimits
    from cbsnap.model.runs import Group

_REGION_FLOOR = 64
_REGION_PER_DISK = 64
_DISK = 64


@dataclass(frozen=True, slots=True)
class Room:
    """A region's snapshots: how many there may be, and how many there are."""

    limit: int
    used: int

    @property
    def left(self) -> int:
        """How many more may be made, never below 0."""
        return max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class Admission:
    """The groups that have room, in the order asked, and one outcome for each disk that has not."""

    groups: tuple[Group, ...]
    refused: tuple[Outcome, ...]


def region_room(limits: QuotaLimits, disks_in_region: int, usage: SnapshotUsage) -> Room:
    """Return a region's room; `disks_in_region` counts all the account's disks there."""
    documented = _REGION_FLOOR + _REGION_PER_DISK * disks_in_region
    return Room(documented if limits.region is None else limits.region, usage.count)


def disk_limit(limits: QuotaLimits) -> int:
    """Return how many snapshots one disk may have."""
    return _DISK if limits.disk is None else limits.disk


def admit(groups: Iterable[Group], counts: Mapping[str, int], room: Room, limits: QuotaLimits) -> Admission:
    """Let each group in whole or not at all, first come first served.

    `counts` maps each disk's id to the number of its snapshots. A group that does not fit takes
    no room, so a smaller one behind it may still.
    """
    admitted: list[Group] = []
    refused: list[Outcome] = []
    for group in groups:
        reason = _full_disk(group, counts, disk_limit(limits)) or _full_region(group, room)
        if reason is None:
            admitted.append(group)
            room = Room(room.limit, room.used + len(group.disk_ids))
        else:
            refused += [Outcome(disk_id, Decision.REFUSED, reason=reason) for disk_id in group.disk_ids]
    return Admission(tuple(admitted), tuple(refused))


def to_free(
    groups: Iterable[Group],
    counts: Mapping[str, int],
    room: Room,
    limits: QuotaLimits,
    spare: Mapping[str, str],
) -> list[str]:
    """Return which spare snapshots have to go for groups to fit, and no more.

    `spare` maps snapshot id to disk id, the first to go first. A group that would not fit even so
    frees nothing.
    """
    left, limit = dict(spare), disk_limit(limits)
    held = Counter(counts)  # a spare one may be of a disk that is gone, or that the run has not
    freed: list[str] = []
    for_region: list[str] = []
    grown: set[str] = set()
    for group in groups:
        own = _for_disks(group, held, limit, left)
        chosen = own if own is None else _for_region(group, room, own, left)
        if own is not None and chosen is not None:
            freed += chosen
            for_region += chosen[len(own) :]
            grown.update(group.disk_ids)
            for one in chosen:
                held[left.pop(one)] -= 1
            room = Room(room.limit, room.used + len(group.disk_ids) - len(chosen))
    disks = {one: spare[one] for one in for_region}
    may_hold = {disk_id: limit - 1 - held[disk_id] for disk_id in grown}
    needless = _needless(disks, room, may_hold)
    return [one for one in freed if one not in needless]


def _needless(disks: Mapping[str, str], room: Room, may_hold: Mapping[str, int]) -> set[str]:
    """Return those, freed for the region alone, that later groups' own disks have made room for since.

    `disks` maps snapshot id to disk id. `may_hold`: how many a disk of the run may hold in addition.
    """
    room_on, needless = dict(may_hold), set[str]()
    for one, disk_id in reversed(list(disks.items())):
        if len(needless) < room.left and room_on.get(disk_id, 1) > 0:
            needless.add(one)
            room_on[disk_id] = room_on.get(disk_id, room.left + 1) - 1
    return needless


def _for_disks(
    group: Group, counts: Mapping[str, int], limit: int, spare: Mapping[str, str]
) -> list[str] | None:
    """Return what has to go from the group's own disks; None when that does not suffice."""
    chosen: list[str] = []
    for disk_id in group.disk_ids:
        surplus = counts[disk_id] + 1 - limit
        if surplus > 0:
            own = [one for one, of in spare.items() if of == disk_id][:surplus]
            if len(own) < surplus:
                return None
            chosen += own
    return chosen


def _for_region(group: Group, room: Room, chosen: list[str], spare: Mapping[str, str]) -> list[str] | None:
    """Return the same with what else has to go for the region's sake; None when that does not suffice."""
    lacking = room.used + len(group.disk_ids) - len(chosen) - room.limit
    if lacking <= 0:
        return chosen
    more = [one for one in spare if one not in chosen][:lacking]
    return [*chosen, *more] if len(more) == lacking else None


def _full_disk(group: Group, counts: Mapping[str, int], limit: int) -> str | None:
    for disk_id in group.disk_ids:
        if counts[disk_id] >= limit:
            return f"disk quota: {disk_id} has {counts[disk_id]} of {limit}; delete some or raise quota.disk"
    return None


def _full_region(group: Group, room: Room) -> str | None:
    needed = len(group.disk_ids)
    if needed <= room.left:
        return None
    return f"region quota: needs {needed}, has {room.left} of {room.limit}; delete some or raise quota.region"
