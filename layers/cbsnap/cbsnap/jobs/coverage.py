"""Whether each disk has a good snapshot that is fresh enough, and its region room for the next.

Judging is `rules.coverage`'s part; here is what each policy owes, and what of it is to be said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.rules import coverage, quota, schedule
from cbsnap.rules.coverage import Need, Standing
from cbsnap.rules.disorder import FINISHING
from cbsnap.rules.selection import selected
from cbsnap.upkeep import Finding, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model import Plan, Policy
    from cbsnap.rules.coverage import Coverage
    from cbsnap.upkeep import Note

SCARCE_PERCENT = 10  # of a quota: what is left when it is said
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


def gaps(plan: Plan, entries: Iterable[Coverage], now: datetime) -> Iterator[Finding]:
    """Yield the disks that are not covered; those that no policy selects are listed, not alarming."""
    policies = {policy.name: policy for policy in plan.policies}
    for entry in entries:
        if entry.policy is not None and entry.standing in _GAPS:
            since = _since(entry, policies[entry.policy], now)
            where = entry.disk.region, entry.disk.id
            yield Finding(_GAPS[entry.standing], *where, _why(entry), entry.policy, since)


def scarcity(plan: Plan, inventory: Inventory) -> Iterator[Note]:
    """Yield warnings when room for snapshots, a region's or disks' own, is scarce. Raises CloudError."""
    yield from _full_disks(plan, inventory)
    room = quota.region_room(plan.quota, len(inventory.disks), inventory.cloud.usage())
    if room.left * 100 < room.limit * SCARCE_PERCENT:
        reason = f"room for {room.left} more snapshots of {room.limit}: delete some or raise quota.region"
        yield Finding(Trouble.QUOTA, inventory.region, inventory.region, reason)


def _full_disks(plan: Plan, inventory: Inventory) -> Iterator[Finding]:
    """Yield, once a policy, that some of its disks have little room left, by the cloud's own counts."""
    limit = quota.disk_limit(plan.quota)
    for policy in plan.policies:
        own = selected(inventory.disks.values(), policy.select)
        full = [one for one in own if (limit - one.snapshot_count) * 100 < limit * SCARCE_PERCENT]
        if full:
            fullest = max(full, key=lambda one: (one.snapshot_count, one.id))
            reason = (
                f"{len(full)} of its disks have less than {SCARCE_PERCENT}% of their room left, {fullest.id} "
                f"the least ({fullest.snapshot_count} of {limit}): shorten keep, or raise quota.disk"
            )
            yield Finding(Trouble.QUOTA, inventory.region, policy.name, reason, policy.name)


def _since(entry: Coverage, policy: Policy, now: datetime) -> datetime | None:
    """Return when the promise was broken: its time was up, or its latest run had closed without one."""
    if policy.coverage is None:
        closed = now - policy.window - FINISHING
        return schedule.last_run(policy, closed) + policy.window + FINISHING
    begun = entry.newest.name.due if entry.newest else entry.disk.created_at
    return begun + policy.coverage if begun else None


def _why(entry: Coverage) -> str:
    broken = (
        f"; {entry.drilled.snapshot.id} failed its drill" if entry.drilled and entry.drilled.broken else ""
    )
    if entry.newest is None or entry.age is None:
        return f"there is no good snapshot{broken}"
    hours = entry.age.total_seconds() / 3600
    return f"the newest good one, {entry.newest.snapshot.id}, is {hours:.0f} h old{broken}"
