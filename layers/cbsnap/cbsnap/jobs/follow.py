"""Every snapshot of ours to its end: adopted, labelled, tagged; and what is not right is said.

Takes one region at a time. Settling the unproven is `proofs`' part, judging disorder the rules'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import proofs, request
from cbsnap.rules import adoption, disorder
from cbsnap.rules.ours import DEPLOYMENT_TAG, POLICY_TAG
from cbsnap.rules.restored import SAFETY
from cbsnap.upkeep import Action, Change, Finding, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model import Plan
    from cbsnap.ports import Journals
    from cbsnap.upkeep import Note


def follow(plan: Plan, inventory: Inventory, journals: Journals | None, now: datetime) -> Iterator[Note]:
    """Follow one region's snapshots; yields what was done and what was found.

    Without journals nothing is settled: another function reaches these hosts.
    """
    yield from _adopted(plan, inventory)
    yield from _tagged(inventory)
    if journals is not None:
        yield from proofs.settled(plan, inventory, journals, now)
    mine = [one for one in inventory.ours() if one.snapshot.state != "TORECYCLE"]
    known = {policy.name for policy in plan.policies} | {request.POLICY, SAFETY}
    disks = list(inventory.disks.values())
    yield from disorder.stuck(mine, now)
    yield from disorder.duplicates(mine)
    yield from disorder.lost(mine)
    copying = {one.name for one in plan.policies if inventory.region in {each.region for each in one.copy}}
    yield from disorder.orphans(mine, inventory.disks.keys(), known, copying)
    if (inventory.region, inventory.role) in {(target.region, target.role) for target in plan.targets}:
        yield from disorder.missing(plan.policies, inventory.region, disks, mine, now)


def _adopted(plan: Plan, inventory: Inventory) -> Iterator[Note]:
    """Take over what only lacks its tags: a create that could not give them, or lost them since."""
    by_policy: dict[str, list[str]] = {}
    for snapshot, name in adoption.untagged(inventory.snapshots.values()):
        why_not = adoption.obstacle(snapshot, name, plan.policies)
        if why_not is None:
            by_policy.setdefault(name.policy, []).append(snapshot.id)
        else:
            yield Finding(Trouble.FOREIGN, inventory.region, snapshot.id, f"named like ours, but {why_not}")
    for policy, ids in by_policy.items():
        yield from _with_tags(inventory, ids, policy, Action.ADOPTED, "name, due time and disk agree")


def _tagged(inventory: Inventory) -> Iterator[Note]:
    """Write the policy's tag where it is missing."""
    by_policy: dict[str, list[str]] = {}
    for one in inventory.ours():
        if one.snapshot.tags.get(POLICY_TAG) != one.name.policy:
            by_policy.setdefault(one.name.policy, []).append(one.snapshot.id)
    for policy, ids in by_policy.items():
        yield from _with_tags(inventory, ids, policy, Action.TAGGED, "its tag did not name its policy")


def _with_tags(
    inventory: Inventory, ids: Sequence[str], policy: str, action: Action, reason: str
) -> Iterator[Note]:
    """Write the tags; the deployment's, which makes it ours, comes last."""
    refused: dict[str, CloudError] = {}
    try:
        refused |= inventory.tag_each(ids, POLICY_TAG, policy)
        willing = [one for one in ids if one not in refused]
        refused |= inventory.tag_each(willing, DEPLOYMENT_TAG, inventory.deployment)
    except CloudError as failed:
        refused = dict.fromkeys(ids, failed)
    for one in ids:
        if one in refused:
            why = f"its tags cannot be written: {refused[one]}"
            yield Finding(Trouble.REFUSED, inventory.region, one, why, policy)
        else:
            yield Change(action, inventory.region, one, reason, policy)
