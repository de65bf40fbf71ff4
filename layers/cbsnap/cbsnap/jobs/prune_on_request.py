"""Pruning that a person asks for: what would be deleted is shown, agreed to, and deleted: that only.

The agreement is a digest of the list that was shown. Deadlines are left to the regular pass, since
nobody was shown them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from cbsnap.errors import InputError, PlanChanged
from cbsnap.jobs import cost, prune

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.jobs.prune import Judged
    from cbsnap.model.plan import Plan
    from cbsnap.ports.lifecycle import Ending
    from cbsnap.upkeep import Note


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be done to each region now; `frees_gib` is an estimate, `confirm` what to agree with."""

    judged: tuple[tuple[Inventory, Judged], ...]
    frees_gib: float
    confirm: str

    @property
    def deletes(self) -> int:
        """How many snapshots would go."""
        return sum(len(one.doomed) for _, one in self.judged)


def narrowed(plan: Plan, policy: str | None) -> Plan:
    """Return the plan with one of its policies only. Raises InputError for one that it has not."""
    if policy is None:
        return plan
    mine = tuple(one for one in plan.policies if one.name == policy)
    if not mine:
        known = ", ".join(one.name for one in plan.policies)
        raise InputError("policy", f"there is no policy {policy[:40]!r}; the policy file has {known}")
    return replace(plan, policies=mine)


def propose(plan: Plan, inventories: Iterable[Inventory], now: datetime) -> Proposal:
    """Return what the plan's rules would delete in these regions; deletes nothing."""
    everywhere = list(inventories)
    judged = tuple((here, one) for here in everywhere for one in prune.judge(plan, here, now))
    frees_gib = sum(cost.change(plan, here, now).frees_gib for here in everywhere)
    return Proposal(judged, frees_gib, _agreement(plan, judged))


def carry_out(proposal: Proposal, confirm: str, ends: Mapping[Inventory, Ending]) -> Iterator[Note]:
    """Delete what was agreed to; `ends` are each region's way to do it. Raises PlanChanged, CloudError."""
    if confirm != proposal.confirm:
        raise PlanChanged
    for here, judged in proposal.judged:
        yield from prune.deleted(judged.doomed, judged, here, ends[here])


def _agreement(plan: Plan, judged: Iterable[tuple[Inventory, Judged]]) -> str:
    """Return what stands for this very list of deletions."""
    doomed = sorted(
        f"{here.region} {verdict.of.snapshot.id}" for here, one in judged for verdict in one.doomed
    )
    return sha256("\n".join([plan.deployment, *doomed]).encode()).hexdigest()[:16]
