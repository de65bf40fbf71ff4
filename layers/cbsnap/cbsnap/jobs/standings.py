"""How drills stand: told from the verdicts on snapshots and the clones that are there alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.rules import drilling
from cbsnap.rules.clones import under_way
from cbsnap.rules.drillreports import Verdict
from cbsnap.upkeep import Finding, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model.plan import Plan, Target
    from cbsnap.model.policies import Drilling, Policy
    from cbsnap.ports.logs import ReportLog
    from cbsnap.upkeep import Tried

_TROUBLES = {
    Verdict.FAILED: (Trouble.DRILL, "its drill found it broken: restore an older one, and see `drilled`"),
    Verdict.LATE: (Trouble.LATE, "cut after its lease had ended, now `crash`: choose a later quiesce.thaw"),
    Verdict.UNFINISHED: (Trouble.UNDRILLED, "its drill was not carried to its end: see `drilled`"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a policy's newest drill in a region stands; `verdict` is None while it is under way.

    `tried` is what the log tells of it, None without a log.
    """

    policy: str
    region: str
    snapshot_id: str
    verdict: Verdict | None
    run_due: datetime
    tried: Tried | None = None


def drilled_here(plan: Plan, here: Inventory | Target) -> Iterator[tuple[Policy, Drilling]]:
    """Yield the policies that are drilled in a region of an account, with how."""
    for policy in plan.policies:
        place = drilling.place(plan.targets, policy.drill) if policy.drill else None
        if policy.drill and place and (place.region, place.role) == (here.region, here.role):
            yield policy, policy.drill


def drills(plan: Plan, inventories: Iterable[Inventory]) -> list[Standing]:
    """Return how each policy's newest drill stands, one entry a snapshot; none before the first."""
    return [one for inventory in inventories for one in _standings(plan, inventory)]


def explained(stands: Sequence[Standing], log: ReportLog | None, now: datetime) -> list[Standing]:
    """Return the same with what the log tells of each verdict. Raises CloudError."""
    since = min((one.run_due for one in stands if one.verdict), default=None)
    if log is None or since is None:
        return list(stands)
    told = {
        (snapshot_id, logged.tried.verdict): logged.tried
        for logged in log.drills(since, now + timedelta(minutes=1))
        for snapshot_id in logged.tried.snapshots
    }
    return [
        replace(one, tried=told.get((one.snapshot_id, one.verdict.value))) if one.verdict else one
        for one in stands
    ]


def standing(plan: Plan, inventory: Inventory, now: datetime) -> Iterator[Finding]:
    """Yield the policies whose newest drill is bad, or did not take place in its window."""
    mine = inventory.ours()
    for policy, wanted in drilled_here(plan, inventory):
        for one in drilling.newest_drilled(policy, mine):
            verdict = one.verdict
            if verdict in _TROUBLES:
                trouble, reason = _TROUBLES[verdict]
                yield Finding(trouble, inventory.region, one.snapshot.id, reason, policy.name)
        due = drilling.last_due(policy, wanted, now)
        if now > due + wanted.window and _is_owed(policy, inventory, due):
            reason = f"the drill due {due:%Y-%m-%d %H:%M} UTC did not take place"
            yield Finding(Trouble.UNDRILLED, inventory.region, policy.name, reason, policy.name)


def is_done(policy: Policy, inventory: Inventory, due: datetime) -> bool:
    """Tell whether nothing is left to be drilled for a due time.

    The newest good run until then was drilled, or a newer one was and has lost its label by it.
    """
    mine = inventory.ours()
    run = drilling.newest_run(policy, mine, due)
    return not run or any(
        one.verdict and one.name.policy == policy.name and run[0].name.due <= one.name.due <= due
        for one in mine
    )


def _is_owed(policy: Policy, inventory: Inventory, due: datetime) -> bool:
    run = drilling.newest_run(policy, inventory.ours(), due)
    return not is_done(policy, inventory, due) and _busy(inventory).isdisjoint(one.snapshot.id for one in run)


def _standings(plan: Plan, inventory: Inventory) -> Iterator[Standing]:
    mine = sorted(inventory.ours(), key=lambda one: one.name.disk_id)
    busy = _busy(inventory)
    for policy, _ in drilled_here(plan, inventory):
        current = [one for one in mine if one.snapshot.id in busy and one.name.policy == policy.name]
        for one in current or drilling.newest_drilled(policy, mine):
            verdict = None if current else one.verdict
            yield Standing(policy.name, inventory.region, one.snapshot.id, verdict, one.name.due)


def _busy(inventory: Inventory) -> set[str]:
    """Return the snapshots whose drills are under way."""
    drills_now = under_way(inventory.disks.values(), inventory.deployment)
    return {one for drill in drills_now for one in drill.clones}
