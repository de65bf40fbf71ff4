"""Unproven snapshots whose hosts another function reaches: that one is asked to settle them.

A target's worker stands in the network of its hosts, `maintain` need not. It is asked again in every
pass, which does no harm, and said to be silent when an hour has brought nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import proofs
from cbsnap.jobs.inventory import Inventory
from cbsnap.upkeep import Change, Finding, Trouble, Upkeep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cbsnap.model.plan import Plan, Target
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.cloud import Clouds
    from cbsnap.ports.functions import Settlers
    from cbsnap.ports.hosts import Journals
    from cbsnap.upkeep import Note

PATIENCE = timedelta(hours=1)


def asked(target: Target, inventory: Inventory, settlers: Settlers, now: datetime) -> Iterator[Note]:
    """Ask a target's worker, if there is anything to settle. Raises CloudError."""
    waiting = proofs.unproven(inventory, now)
    if not waiting:
        return
    settlers.settle(target)
    for one in waiting:
        since = one.snapshot.created_at + proofs.UNDERWAY + PATIENCE
        if now > since:
            reason = f"{target.worker} has been asked to settle it and has not: see its log"
            where = one.snapshot.region, one.snapshot.id
            yield Finding(Trouble.UNPROVEN, *where, reason, one.name.policy, since)


def settle(plan: Plan, target: Target, clouds: Clouds, journals: Journals, clock: Clock) -> Upkeep:
    """Settle a target's unproven snapshots, where the hosts are reached; returns what that came to."""
    notes: list[Note] = []
    error = ""
    try:
        inventory = Inventory(clouds.at(target), plan.deployment)
        notes.extend(proofs.settled(plan, inventory, journals, clock.now()))
    except CloudError as failed:
        error = str(failed)
    changes = tuple(note for note in notes if isinstance(note, Change))
    return Upkeep(
        str(target), changes, tuple(note for note in notes if isinstance(note, Finding)), error=error
    )
