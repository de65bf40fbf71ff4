"""Instances that a worker stopped and, having died, did not start again: found by its mark, and started."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from cbsnap.jobs.preflight import STOPPED
from cbsnap.jobs.stopping import MARK, STOPPED_TAG
from cbsnap.upkeep import Action, Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model.cloud import Instance
    from cbsnap.model.plan import Plan
    from cbsnap.upkeep import Note

UNDERWAY = timedelta(minutes=20)  # a worker lives 15 at most (583/9179): until then it starts them itself


def woken(plan: Plan, here: Inventory, now: datetime) -> Iterator[Note]:
    """Start what was left stopped. Raises CloudError."""
    if not any(policy.quiesce is not None and policy.quiesce.stops for policy in plan.policies):
        return
    attached = sorted({one for disk in here.disks.values() for one in disk.instance_ids})
    for instance in here.cloud.instances(attached):
        if STOPPED_TAG in instance.tags and now - _since(instance) > UNDERWAY:
            if instance.state == STOPPED:
                here.cloud.start_instances([instance.id])
                why = f"left stopped since {instance.tags[STOPPED_TAG]}"
                yield Change(Action.STARTED, here.region, instance.id, why)
            here.cloud.untag_instances([instance.id], STOPPED_TAG)


def _since(instance: Instance) -> datetime:
    """Return when it was marked; a mark that somebody changed counts as old."""
    try:
        return datetime.strptime(instance.tags[STOPPED_TAG], MARK).replace(tzinfo=timezone.utc)
    except ValueError:
        return datetime.min.replace(tzinfo=timezone.utc)
