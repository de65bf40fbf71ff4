"""What snapshots take up, as far as the cloud tells, and what other rules of retention would free.

The cloud tells a region's sizes and each disk's, not a snapshot's own: what one holds is taken as
its share of its disk's, and said to be an estimate. Prices are not the API's, so sizes only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.jobs.prune import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model import Plan, Snapshot, SnapshotUsage

_MIB_A_GIB = 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """A region's sizes in GiB: `usage` and `by_disk` as the cloud tells, `by_policy` as shares of these.

    What no policy of ours has taken stands under the empty name.
    """

    region: str
    usage: SnapshotUsage
    by_disk: Mapping[str, float]
    by_policy: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Change:
    """What another policy file would do to a region at once; `frees_gib` is an estimate."""

    region: str
    stays: int
    goes: int
    frees_gib: float


def cost(inventory: Inventory) -> Cost:
    """Return what a region's snapshots take up. Raises CloudError."""
    policies = {one.snapshot.id: one.name.policy for one in inventory.ours()}
    shares = _shares(inventory)
    by_policy: dict[str, float] = {}
    for snapshot_id, size_gib in shares.items():
        policy = policies.get(snapshot_id, "")
        by_policy[policy] = by_policy.get(policy, 0.0) + size_gib
    by_disk = {disk.id: _gib(disk.snapshot_mib) for disk in inventory.disks.values() if disk.snapshot_mib}
    return Cost(inventory.region, inventory.cloud.usage(), by_disk, by_policy)


def change(plan: Plan, inventory: Inventory, now: datetime) -> Change:
    """Return what the plan's rules would keep and free now; fuses count as they would."""
    verdicts = [verdict for judged in judge(plan, inventory, now) for verdict in judged.verdicts]
    going = [verdict.of.snapshot.id for verdict in verdicts if not verdict.stays]
    return Change(inventory.region, len(verdicts) - len(going), len(going), freed_gib(inventory, going))


def freed_gib(inventory: Inventory, snapshot_ids: Iterable[str]) -> float:
    """Return an estimate of what deleting these would free; of copies, nothing is known."""
    shares = _shares(inventory)
    return sum(shares.get(one, 0.0) for one in snapshot_ids)


def _shares(inventory: Inventory) -> dict[str, float]:
    """Return each snapshot's share of its disk's size in GiB; without the disk, none is known."""
    counts = _counts(inventory.snapshots.values())
    return {
        one.id: _gib(inventory.disks[one.disk_id].snapshot_mib) / counts[one.disk_id]
        for one in inventory.snapshots.values()
        if one.disk_id in inventory.disks
    }


def _counts(snapshots: Iterable[Snapshot]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in snapshots:
        counts[one.disk_id] = counts.get(one.disk_id, 0) + 1
    return counts


def _gib(size_mib: int) -> float:
    return size_mib / _MIB_A_GIB
