"""Snapshots that have a name of ours and not our tag, taken over because a person says so.

What `follow` would not take by itself (asked for with a key, not due then, no such policy) a person
may know better. What cannot be ours, nobody can make ours: another deployment's, or of another disk
than its name says. From then on retention looks after them, so what it would do is told before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.errors import InputError
from cbsnap.jobs.prune import judge
from cbsnap.rules import adoption, names
from cbsnap.rules.ours import DEPLOYMENT_TAG, POLICY_TAG
from cbsnap.upkeep import Action, Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model.cloud import Snapshot
    from cbsnap.model.plan import Plan
    from cbsnap.rules.names import SnapshotName


@dataclass(frozen=True, slots=True)
class Candidate:
    """A snapshot that can be taken over.

    `doubt`: why it was not by itself; `fate`: what retention would make of it.
    """

    snapshot: Snapshot
    name: SnapshotName
    doubt: str
    fate: str


def candidates(ids: Sequence[str], plan: Plan, inventory: Inventory, now: datetime) -> list[Candidate]:
    """Return what would be taken over. Raises InputError for the first that cannot be."""
    found = [_checked(one, inventory) for one in dict.fromkeys(ids)]
    fates = _fates([snapshot for snapshot, _ in found], plan, inventory, now)
    return [
        Candidate(snapshot, name, adoption.obstacle(snapshot, name, plan.policies) or "", fates[snapshot.id])
        for snapshot, name in found
    ]


def adopt(chosen: Sequence[Candidate], inventory: Inventory) -> Iterator[Change]:
    """Write the tags; the deployment's, which makes it ours, comes last. Raises CloudError."""
    for policy in dict.fromkeys(one.name.policy for one in chosen):
        ids = [one.snapshot.id for one in chosen if one.name.policy == policy]
        inventory.tag(ids, POLICY_TAG, policy)
        inventory.tag(ids, DEPLOYMENT_TAG, inventory.deployment)
        for one in ids:
            yield Change(Action.ADOPTED, inventory.region, one, "a person said so", policy)


def _checked(snapshot_id: str, inventory: Inventory) -> tuple[Snapshot, SnapshotName]:
    snapshot = inventory.snapshots.get(snapshot_id)
    if snapshot is None:
        raise InputError("snapshot", f"there is no {snapshot_id} in {inventory.region}")
    owner = snapshot.tags.get(DEPLOYMENT_TAG)
    if owner is not None:
        whose = "this deployment's already" if owner == inventory.deployment else f"deployment {owner}'s"
        raise InputError("snapshot", f"{snapshot_id} is {whose}")
    name = names.parse(snapshot.name)
    if name is None:
        raise InputError("snapshot", f"{snapshot_id} has no name of ours: {snapshot.name!r}")
    if name.disk_id != snapshot.disk_id and not snapshot.copied:
        raise InputError("snapshot", f"{snapshot_id} is of {snapshot.disk_id}, its name says {name.disk_id}")
    return snapshot, name


def _fates(snapshots: Sequence[Snapshot], plan: Plan, inventory: Inventory, now: datetime) -> dict[str, str]:
    """Return what the next pass would make of each, if it were ours."""
    as_ours = inventory.with_tags({one.id: {DEPLOYMENT_TAG: plan.deployment} for one in snapshots})
    verdicts = [verdict for judged in judge(plan, as_ours, now) for verdict in judged.verdicts]
    said = {
        one.of.snapshot.id: f"{'stays' if one.stays else 'goes in the next pass'}: {one.reason}"
        for one in verdicts
    }
    return {one.id: said.get(one.id, "stays: no policy of the file looks after it") for one in snapshots}
