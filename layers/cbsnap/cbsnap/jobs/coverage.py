"""Whether each disk has a good snapshot that is fresh enough, and its region room for the next.

Judging is `rules.coverage`'s part; here is what each policy owes, and what of it is to be said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.rules import coverage, quota, schedule
from cbsnap.rules.coverage import Need, Standing
from cbsnap.rules.disorder import FINISHING
from cbsnap.upkeep import Finding, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model import Plan, Policy
    from cbsnap.rules.coverage import Coverage
    from cbsnap.upkeep import Note

SCARCE_PERCENT = 10  # of a region's quota: what is left when it is said
_GAPS = {Standing.STALE: Trouble.STALE, Standing.NONE: Trouble.UNCOVERED}


def cover(plan: Plan, inventory: Inventory, now: datetime) -> list[Coverage]:
    """Return how every disk of the region stands with every policy that selects it, and those without."""
    return coverage.coverage(list(inventory.disks.values()), needs(plan, now), inventory.ours(), now)


def needs(plan: Plan, now: datetime) -> list[Need]:
    """Return what each policy owes its disks."""
    return [Need(one.name, one.select, one.good, owed(one, now)) for one in plan.policies]


def owed(policy: Policy, now: datetime) -> timedelta:
    """Return how old the newest good snapshot may be: as the policy says, or that of its last closed run."""
    if policy.coverage is not None:
        return policy.coverage
    return now - schedule.last_run(policy, now - policy.window - FINISHING)


def gaps(entries: Iterable[Coverage]) -> Iterator[Finding]:
    """Yield the disks that are not covered; those that no policy selects are listed, not alarming."""
    for entry in entries:
        if entry.standing in _GAPS:
            yield Finding(_GAPS[entry.standing], entry.disk.region, entry.disk.id, _why(entry), entry.policy)


def scarcity(plan: Plan, inventory: Inventory) -> Iterator[Note]:
    """Yield a warning when the region's room for snapshots is nearly used up. Raises CloudError."""
    room = quota.region_room(plan.quota, len(inventory.disks), inventory.cloud.usage())
    if room.left * 100 < room.limit * SCARCE_PERCENT:
        reason = f"room for {room.left} more snapshots of {room.limit}: delete some or raise quota.region"
        yield Finding(Trouble.QUOTA, inventory.region, inventory.region, reason)


def _why(entry: Coverage) -> str:
    if entry.newest is None or entry.age is None:
        return "there is no good snapshot"
    hours = entry.age.total_seconds() / 3600
    return f"the newest good one, {entry.newest.snapshot.id}, is {hours:.0f} h old"
