"""What is not as it should be among a region's snapshots, seen from their names, states and ages.

Says what and why; nothing here is repaired or deleted.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.rules import schedule
from cbsnap.rules.fitness import unfit
from cbsnap.rules.ours import LOST_TAG
from cbsnap.rules.selection import selected
from cbsnap.upkeep import Finding, Trouble

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.model import Disk, Policy
    from cbsnap.rules.ours import Ours

STUCK_AFTER = timedelta(hours=12)  # ours: no document bounds how long a first, full snapshot takes
FINISHING = timedelta(minutes=30)  # after a window: a worker begun at its end has 15 minutes (583/9179)
_UNDERWAY = {"CREATING", "COPYING_FROM_REMOTE", "CHECKING_COPIED"}


def stuck(snapshots: Iterable[Ours], now: datetime) -> Iterator[Finding]:
    """Yield what has been under way for too long."""
    for one in snapshots:
        age = now - one.snapshot.created_at
        if one.snapshot.state in _UNDERWAY and age > STUCK_AFTER:
            hours = age // timedelta(hours=1)
            reason = f"{one.snapshot.state} at {one.snapshot.percent}% for {hours} h: ask the cloud's support"
            since = one.snapshot.created_at + STUCK_AFTER
            yield _about(one, Trouble.STUCK, one.snapshot.id, reason, since)


def duplicates(snapshots: Iterable[Ours]) -> Iterator[Finding]:
    """Yield all but the first of each run's snapshots of one disk."""
    first: dict[object, Ours] = {}
    for one in sorted(snapshots, key=lambda one: one.age_rank):
        there = first.setdefault((one.line, one.name), one)
        if there is not one:
            reason = f"{there.snapshot.id} is of the same run and disk: delete one of them"
            yield _about(one, Trouble.DUPLICATE, one.snapshot.id, reason, one.snapshot.created_at)


def lost(snapshots: Iterable[Ours]) -> Iterator[Finding]:
    """Yield the disks whose newest snapshot was taken under a lease that did not last."""
    newest: dict[tuple[str, str, str], Ours] = {}
    for one in sorted(snapshots, key=lambda one: one.age_rank):
        newest[one.line] = one
    for one in newest.values():
        if how := one.snapshot.tags.get(LOST_TAG):
            reason = f"the lease that {one.snapshot.id} was taken under {how}: it is crash-consistent only"
            yield _about(one, Trouble.LOST, one.name.disk_id, reason, one.snapshot.created_at)


def orphans(
    snapshots: Iterable[Ours], disk_ids: Collection[str], known: Collection[str], copying: Collection[str]
) -> Iterator[Finding]:
    """Yield, once a disk and policy, what no policy looks after, or what has lost its disk.

    `copying`: the policies that copy to this region.
    """
    lines: dict[tuple[str, str, str], list[Ours]] = {}
    for one in snapshots:
        lines.setdefault(one.line, []).append(one)
    for (_, disk_id, policy), line in sorted(lines.items()):
        if policy not in known:
            reason = (
                f"{len(line)} snapshots of policy {policy}, which is not in the file: nothing deletes them"
            )
            yield _about(line[0], Trouble.ORPHAN, disk_id, reason)
        elif line[0].snapshot.copied and policy not in copying:
            reason = f"{len(line)} copies, and {policy} does not copy here any more: nothing deletes them"
            yield _about(line[0], Trouble.ORPHAN, disk_id, reason)
        elif disk_id not in disk_ids and not line[0].snapshot.copied:
            reason = f"{len(line)} snapshots of a disk that is gone; the newest good one is kept for good"
            yield _about(line[0], Trouble.ORPHAN, disk_id, reason)


def missing(
    policies: Iterable[Policy], region: str, disks: Sequence[Disk], snapshots: Iterable[Ours], now: datetime
) -> Iterator[Finding]:
    """Yield the disks whose last closed run left nothing: it failed, or vanished while being made.

    A newer snapshot makes up for it, and may be why retention has let the older one go.
    """
    newest: dict[tuple[str, str, str], datetime] = {}
    for one in snapshots:
        newest[one.line] = max(one.name.due, newest.get(one.line, one.name.due))
    for policy in policies:
        due = schedule.last_run(policy, now - policy.window - FINISHING)
        if policy.paused:
            continue
        for disk in selected(disks, policy.select):
            there = newest.get((region, disk.id, policy.name))
            if (there is None or there < due) and _was_there(disk, due) and unfit(disk) is None:
                reason = f"run {policy.name}@{due:%Y%m%dT%H%MZ} left no snapshot: it failed, or vanished"
                closed = due + policy.window + FINISHING
                yield Finding(Trouble.MISSING, region, disk.id, reason, policy.name, closed)


def _was_there(disk: Disk, due: datetime) -> bool:
    return disk.created_at is None or disk.created_at < due


def _about(one: Ours, trouble: Trouble, subject: str, reason: str, since: datetime | None = None) -> Finding:
    return Finding(trouble, one.snapshot.region, subject, reason, one.name.policy, since)
