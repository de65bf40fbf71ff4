"""A tick of the schedule: due policies become disks, groups and batches, and these are handed out.

Decides what is to be taken in this tick and what has to wait or is refused, with quota known
for the whole run before any host is locked. Taking is the workers' business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import preflight
from cbsnap.model import Batch, Decision, Group, Outcome, QuotaLimits, Report, Run
from cbsnap.rules import quota, schedule
from cbsnap.rules.groups import grouped
from cbsnap.rules.selection import selected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cbsnap.jobs.preflight import Facts
    from cbsnap.model import Disk, Plan, Policy
    from cbsnap.ports import Clock, Cloud, Clouds, Workers
    from cbsnap.rules.quota import Room

BATCH_DISKS = 40
CREATES_PER_S = 10.0  # half of the documented 20 (362/15648): the account has other users
SNAPSHOTS_A_PAGE = 100
DISKS_A_LOOK = 10


def due_runs(plan: Plan, now: datetime) -> list[tuple[Policy, Run]]:
    """Return the policies whose latest due time is still inside its window."""
    latest = [
        (policy, schedule.latest_due(policy.schedule, policy.time_zone, now)) for policy in plan.policies
    ]
    return [(policy, Run(policy.name, due)) for policy, due in latest if now - due <= policy.window]


def tick(plan: Plan, clouds: Clouds, workers: Workers, clock: Clock) -> list[Report]:
    """Hand out what is due now; returns a report for each due policy and region."""
    due = due_runs(plan, clock.now())
    if not due:
        return []
    return [
        report for target in plan.targets for report in _region(plan, due, clouds, workers, target.region)
    ]


def _region(
    plan: Plan, due: Sequence[tuple[Policy, Run]], clouds: Clouds, workers: Workers, region: str
) -> list[Report]:
    """Plan one region; its failure is reported and does not stop another's."""
    try:
        return _dispatched(_planned(plan, due, clouds.region(region)), workers)
    except CloudError as failed:
        return [Report(str(run), region, error=str(failed)) for _, run in due]


@dataclass(frozen=True, slots=True)
class Planned:
    """One policy's part in a region, before anything is handed out."""

    report: Report
    batches: tuple[Batch, ...]
    disks: int


def _planned(plan: Plan, due: Sequence[tuple[Policy, Run]], cloud: Cloud) -> list[Planned]:
    disks = cloud.disks()
    usage = cloud.usage()
    room = quota.region_room(plan.quota, len(disks), usage)
    chosen = [(policy, run, selected(disks, policy.select)) for policy, run in due]
    facts = _facts(cloud, [disk for _, _, some in chosen for disk in some], usage.count)
    planned = []
    for policy, run, some in chosen:
        one = _plan_policy(_order(plan, policy, run, cloud.region, room), policy, some, facts, room)
        room = replace(room, used=room.used + one.disks)
        planned.append(one)
    return planned


def _facts(cloud: Cloud, disks: Sequence[Disk], snapshots: int) -> Facts:
    """Read the snapshots of the chosen disks in the fewest calls; instances are the workers' business."""
    by_id = {disk.id: disk for disk in disks}
    few = len(by_id) / DISKS_A_LOOK <= snapshots / SNAPSHOTS_A_PAGE
    listed = cloud.snapshots_of(sorted(by_id)) if few else cloud.snapshots()
    return preflight.Facts(by_id, {}, preflight.by_disk(listed))


def _order(plan: Plan, policy: Policy, run: Run, region: str, room: Room) -> Batch:
    """Return what all batches of a policy's run share."""
    return Batch(
        run,
        region,
        plan.deployment,
        groups=(),
        not_after=run.due + policy.window,
        quiesce=policy.quiesce,
        quota=QuotaLimits(region=room.limit, disk=plan.quota.disk),
        agent_port=plan.agent_port,
    )


def _plan_policy(order: Batch, policy: Policy, disks: Sequence[Disk], facts: Facts, room: Room) -> Planned:
    settled = {disk.id: preflight.settled_already(disk.id, facts, order) for disk in disks}
    able = [disk for disk in disks if _belongs_to_the_moment(settled[disk.id])]
    groups = {group.id: group for group in grouped(able, policy.group)}
    wanted = [_open_part(group, settled) for group in groups.values()]
    admission = quota.admit([one for one in wanted if one.disk_ids], _counts(disks), room, order.quota)
    taken = [Outcome(one, Decision.DISPATCHED) for group in admission.groups for one in group.disk_ids]
    known = [one for one in settled.values() if one is not None]
    outcomes = sorted((*known, *admission.refused, *taken), key=lambda one: one.disk_id)
    report = Report(str(order.run), order.region, tuple(outcomes), quota_left=room.left)
    batches = _batches([groups[one.id] for one in admission.groups])
    return Planned(report, tuple(replace(order, groups=some) for some in batches), len(taken))


def _belongs_to_the_moment(known: Outcome | None) -> bool:
    """Tell whether a disk is a member of its group: still to be taken, or taken earlier in this run."""
    return known is None or known.decision is Decision.DONE


def _open_part(group: Group, settled: Mapping[str, Outcome | None]) -> Group:
    return Group(group.id, tuple(one for one in group.disk_ids if settled[one] is None))


def _counts(disks: Iterable[Disk]) -> dict[str, int]:
    return {disk.id: disk.snapshot_count for disk in disks}


def _batches(groups: Sequence[Group]) -> Iterator[tuple[Group, ...]]:
    batch: list[Group] = []
    for group in groups:
        if batch and sum(len(one.disk_ids) for one in (*batch, group)) > BATCH_DISKS:
            yield tuple(batch)
            batch = []
        batch.append(group)
    if batch:
        yield tuple(batch)


def _dispatched(planned: Sequence[Planned], workers: Workers) -> list[Report]:
    """Hand the batches out, each with its share of the rate."""
    share = CREATES_PER_S / max(1, sum(len(one.batches) for one in planned))
    return [
        replace(
            one.report,
            batches=tuple(workers.dispatch(replace(batch, rate_per_s=share)) for batch in one.batches),
        )
        for one in planned
    ]
