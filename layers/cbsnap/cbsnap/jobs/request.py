"""Snapshots that somebody asked for, rather than the schedule: checked at once, taken by a worker.

Bad requests are refused here, before anything is handed out. The key makes asking again
harmless: the same key is the same run, whatever the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import InputError, QuotaExhausted
from cbsnap.jobs import preflight
from cbsnap.model.policies import Grouping
from cbsnap.model.runs import Batch, Group, Run
from cbsnap.rules import names, quota
from cbsnap.rules.fitness import unfit
from cbsnap.rules.groups import grouped
from cbsnap.rules.ours import TITLE_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cbsnap.model.cloud import Disk, Snapshot
    from cbsnap.model.plan import Plan, QuotaLimits, Target
    from cbsnap.model.policies import Quiesce
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.cloud import Cloud
    from cbsnap.ports.functions import Workers

POLICY = names.MANUAL
PATIENCE_S = 600.0
WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for; `quiesce` None means without a plan, `keep_days` None for good."""

    disk_ids: tuple[str, ...]
    key: str
    quiesce: Quiesce | None = None
    title: str | None = None
    keep_days: int | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """What a request will have made: the run, and its snapshots' names, one a disk.

    `missing` are the disks whose snapshot is still to be taken.
    """

    run: Run
    names: tuple[str, ...]
    missing: tuple[str, ...] = ()


def preview(asked: Asked, plan: Plan, target: Target, cloud: Cloud, clock: Clock) -> Promised:
    """Return what a request would make; hands nothing out. Raises what `request` raises."""
    return _prepared(asked, plan, target, cloud, clock)[0]


def request(  # noqa: PLR0913, PLR0917 - what is asked, where, and the means
    asked: Asked, plan: Plan, target: Target, cloud: Cloud, workers: Workers, clock: Clock
) -> Promised:
    """Hand a request to a worker; what it has made already is not asked for again.

    Raises InputError for a disk that does not exist or cannot be taken and for a key that was used
    for something else, as far as the snapshots show it; QuotaExhausted with figures.
    """
    promised, order = _prepared(asked, plan, target, cloud, clock)
    if order is not None:
        workers.dispatch(order)
    return promised


def _prepared(
    asked: Asked, plan: Plan, target: Target, cloud: Cloud, clock: Clock
) -> tuple[Promised, Batch | None]:
    """Return what is promised, and the batch of what is still to be taken."""
    run = Run(POLICY, clock.now().replace(second=0, microsecond=0), asked.key)
    disk_ids = tuple(dict.fromkeys(asked.disk_ids))
    there = _there(run, disk_ids, cloud)
    _require_same(asked, there.values())
    run = (
        replace(run, due=min((names.parse(one.name) or run).due for one in there.values())) if there else run
    )
    made = {disk_id: one.name for disk_id, one in there.items()}
    missing = tuple(disk_id for disk_id in disk_ids if disk_id not in made)
    promised = Promised(
        run, tuple(made.get(one) or names.snapshot_name(run, one) for one in disk_ids), missing
    )
    if not missing:
        return promised, None
    disks = _known(disk_ids, missing, cloud)
    return promised, _order(asked, run, plan, target, disks, _limits(missing, disks, plan, cloud), clock)


def _there(run: Run, disk_ids: Sequence[str], cloud: Cloud) -> dict[str, Snapshot]:
    """Return the snapshots that this request has, by disk."""
    return {
        one.disk_id: one
        for one in cloud.snapshots_of(disk_ids)
        if one.state != preflight.RECYCLED and names.belongs(one.name, run, one.disk_id)
    }


def _require_same(asked: Asked, there: Iterable[Snapshot]) -> None:
    """Refuse a key that stands for another request: its snapshots would pass for those of this one."""
    for one in there:
        if one.tags.get(TITLE_TAG, asked.title) != asked.title or bool(one.deadline) is not bool(
            asked.keep_days
        ):
            raise InputError(
                "Idempotency-Key",
                f"was used for {one.id} of {one.created_at:%Y-%m-%d %H:%M} UTC, which has another title "
                "or another end: use a new key for a new request",
            )


def _order(  # noqa: PLR0913, PLR0917 - the parts of a batch
    asked: Asked,
    run: Run,
    plan: Plan,
    target: Target,
    disks: Sequence[Disk],
    limits: QuotaLimits,
    clock: Clock,
) -> Batch:
    until = clock.now() + WINDOW
    return Batch(
        run,
        target,
        plan.deployment,
        tuple(grouped(disks, Grouping.INSTANCE if asked.quiesce else Grouping.DISK)),
        not_after=until,
        deliver_by=until,
        quiesce=asked.quiesce,
        quota=limits,
        patience_s=PATIENCE_S,
        title=asked.title,
        agent_port=plan.agent_port,
        deadline=until + timedelta(days=asked.keep_days) if asked.keep_days else None,
    )


def _known(disk_ids: Sequence[str], missing: Sequence[str], cloud: Cloud) -> list[Disk]:
    """Return the disks; InputError names the first that does not exist or cannot be taken."""
    found = {disk.id: disk for disk in cloud.disks(disk_ids)}
    for place, disk_id in enumerate(disk_ids):
        field = f"disk_ids.{place}"
        if disk_id not in found:
            raise InputError(field, f"there is no disk {disk_id} in {cloud.region}")
        unable = unfit(found[disk_id])
        if unable is not None and disk_id in missing:
            raise InputError(field, f"{disk_id} cannot be taken: {unable.reason}")
    return [found[disk_id] for disk_id in disk_ids]


def _limits(missing: Sequence[str], disks: Sequence[Disk], plan: Plan, cloud: Cloud) -> QuotaLimits:
    """Refuse what does not fit; return the limits that the worker is to go by."""
    room = quota.region_room(plan.quota, len(cloud.disks()), cloud.usage())
    counts = {disk.id: disk.snapshot_count for disk in disks}
    wanted = [Group(disk_id, (disk_id,)) for disk_id in missing]
    admission = quota.admit(wanted, counts, room, plan.quota)
    if admission.refused:
        first = admission.refused[0]
        raise QuotaExhausted("quota", f"{first.disk_id}: {first.reason}")
    return replace(plan.quota, region=room.limit)
