"""Snapshots that somebody asked for, rather than the schedule: checked at once, taken by a worker.

Bad requests are refused here, before anything is handed out. The key makes asking again
harmless: the same key is the same run, whatever the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import InputError, QuotaExhausted
from cbsnap.model import Batch, Grouping, Run
from cbsnap.rules import quota
from cbsnap.rules.fitness import unfit
from cbsnap.rules.groups import grouped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbsnap.model import Disk, Plan, Quiesce, QuotaLimits, Target
    from cbsnap.ports import Clock, Cloud, Workers

POLICY = "manual"
PATIENCE_S = 600.0
WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for; `quiesce` None means without a plan."""

    disk_ids: tuple[str, ...]
    key: str
    quiesce: Quiesce | None = None
    title: str | None = None


def request(  # noqa: PLR0913, PLR0917 - what is asked, where, and the means
    asked: Asked, plan: Plan, target: Target, cloud: Cloud, workers: Workers, clock: Clock
) -> Run:
    """Hand a request to a worker and return its run.

    Raises InputError for a disk that does not exist or cannot be taken, QuotaExhausted with figures.
    """
    run = Run(POLICY, clock.now().replace(second=0, microsecond=0), asked.key)
    disks = _known(asked.disk_ids, cloud)
    limits = _require_room(disks, plan, cloud)
    grouping = Grouping.INSTANCE if asked.quiesce else Grouping.DISK
    until = clock.now() + WINDOW
    order = Batch(
        run,
        target,
        plan.deployment,
        tuple(grouped(disks, grouping)),
        not_after=until,
        deliver_by=until,
        quiesce=asked.quiesce,
        quota=limits,
        patience_s=PATIENCE_S,
        title=asked.title,
        agent_port=plan.agent_port,
    )
    workers.dispatch(order)
    return run


def _known(disk_ids: Sequence[str], cloud: Cloud) -> list[Disk]:
    found = {disk.id: disk for disk in cloud.disks(disk_ids)}
    for place, disk_id in enumerate(disk_ids):
        field = f"disk_ids.{place}"
        if disk_id not in found:
            raise InputError(field, f"there is no disk {disk_id} in {cloud.region}")
        unable = unfit(found[disk_id])
        if unable is not None:
            raise InputError(field, f"{disk_id} cannot be taken: {unable.reason}")
    return [found[disk_id] for disk_id in dict.fromkeys(disk_ids)]


def _require_room(disks: Sequence[Disk], plan: Plan, cloud: Cloud) -> QuotaLimits:
    """Refuse what does not fit; return the limits that the worker is to go by."""
    room = quota.region_room(plan.quota, len(cloud.disks()), cloud.usage())
    counts = {disk.id: disk.snapshot_count for disk in disks}
    admission = quota.admit(grouped(disks, Grouping.DISK), counts, room, plan.quota)
    if admission.refused:
        first = admission.refused[0]
        raise QuotaExhausted("quota", f"{first.disk_id}: {first.reason}")
    return replace(plan.quota, region=room.limit)
