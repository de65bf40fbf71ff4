"""Room for a run, made before anything is locked: of what retention would delete anyway, what is needed.

Only snapshots of the policy that wants the room go, and only if it says so. What may go at all is
decided in `prune`; a pass of `maintain` would have deleted it a little later.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import prune
from cbsnap.jobs.inventory import Inventory
from cbsnap.model.runs import Removal
from cbsnap.rules import quota
from cbsnap.upkeep import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cbsnap.model.plan import Plan, QuotaLimits
    from cbsnap.model.policies import Policy
    from cbsnap.model.runs import Group
    from cbsnap.ports.cloud import Cloud
    from cbsnap.ports.lifecycle import Ending
    from cbsnap.rules.quota import Room
    from cbsnap.rules.retention import Verdict
    from cbsnap.upkeep import Note


@dataclass(frozen=True, slots=True)
class Means:
    """What room is made with; without a `lifecycle` nothing is deleted, only said."""

    plan: Plan
    cloud: Cloud
    lifecycle: Ending | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Space:
    """A region's room, its disks' counts of snapshots, and the limits; `removed` is what made more room."""

    room: Room
    counts: Mapping[str, int]
    limits: QuotaLimits
    removed: tuple[Removal, ...] = ()


def made(policy: Policy, groups: Sequence[Group], space: Space, means: Means) -> Space:
    """Delete what these groups lack room for; what the cloud refuses to delete stays."""
    if not policy.make_room or not quota.admit(groups, space.counts, space.room, space.limits).refused:
        return space
    inventory = Inventory(means.cloud, means.plan.deployment)
    for judged in prune.judge(means.plan, inventory, means.now):
        first = judged.verdicts[0].of
        if first.name.policy == policy.name and not first.snapshot.copied:
            return _after(_removed(_needed(judged, groups, space), judged, inventory, means.lifecycle), space)
    return space


def _needed(judged: prune.Judged, groups: Sequence[Group], space: Space) -> list[Verdict]:
    """Return which of the doomed have to go, the oldest first."""
    spare = sorted(judged.doomed, key=lambda one: one.of.age_rank)
    by_id = {one.of.snapshot.id: one.of.name.disk_id for one in spare}
    wanted = quota.to_free(groups, space.counts, space.room, space.limits, by_id)
    return [one for one in spare if one.of.snapshot.id in wanted]


def _after(removed: Sequence[Removal], space: Space) -> Space:
    gone = Counter(one.disk_id for one in removed if not one.error)
    left = {disk_id: count - gone[disk_id] for disk_id, count in space.counts.items()}
    room = replace(space.room, used=space.room.used - gone.total())
    return replace(space, room=room, counts=left, removed=tuple(removed))


def _removed(
    doomed: Sequence[Verdict], judged: prune.Judged, inventory: Inventory, lifecycle: Ending | None
) -> list[Removal]:
    if lifecycle is None:
        return [
            Removal(one.of.snapshot.id, one.of.name.disk_id, f"would be deleted: {one.reason}")
            for one in doomed
        ]
    disks = {one.of.snapshot.id: one.of.name.disk_id for one in doomed}
    removed: list[Removal] = []
    try:
        notes = prune.deleted(doomed, judged, inventory, lifecycle)
        removed.extend(_removal(note, disks[note.subject]) for note in notes)
    except CloudError as failed:
        removed.append(Removal("", "", "room was to be made", error=str(failed)))
    return removed


def _removal(note: Note, disk_id: str) -> Removal:
    if isinstance(note, Change):
        return Removal(note.subject, disk_id, f"to make room: {note.reason}")
    return Removal(note.subject, disk_id, "room was to be made", error=note.reason)
