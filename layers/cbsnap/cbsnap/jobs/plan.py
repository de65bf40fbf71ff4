"""A tick of the schedule: due policies become disks, groups and batches, and these are handed out.

Decides what is handed out in this tick and what has to wait or is refused, with quota known for
the whole run before any host is locked. Taking is the workers' business.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cbsnap.errors import CloudError
from cbsnap.jobs import handing, preflight
from cbsnap.model import Batch, Decision, Group, Outcome, QuotaLimits, Report, Run
from cbsnap.rules import pacing, quota, schedule
from cbsnap.rules.groups import grouped
from cbsnap.rules.selection import selected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from cbsnap.jobs.preflight import Facts
    from cbsnap.model import Disk, Plan, Policy, Target
    from cbsnap.ports import Clock, Cloud, Clouds, Workers
    from cbsnap.rules.quota import Room

PATIENCE_S = 600.0
FEW_DISKS = 100  # up to here snapshots are listed by disk, ten a call; beyond, by time


def due_runs(plan: Plan, now: datetime) -> list[tuple[Policy, Run]]:
    """Return the policies whose latest due time is still inside its window, in the file's order.

    A newer due time ends an older run: what that left open is open in the newer one.
    """
    active = [policy for policy in plan.policies if not policy.paused]
    latest = [(one, schedule.latest_due(one.schedule, one.time_zone, now)) for one in active]
    return [
        (policy, Run(policy.name, due))
        for policy, due in latest
        if now - due <= policy.window
        and due.astimezone(ZoneInfo(policy.time_zone)).date() not in policy.skip_dates
    ]


def tick(
    plan: Plan, clouds: Clouds, workers: Workers, clock: Clock, *, at_once: bool = False
) -> list[Report]:
    """Hand out what is due now; returns a report for each due policy and target.

    `at_once`: a person wants it now, whatever was handed out before.
    """
    now = clock.now()
    due = due_runs(plan, now)
    if not due:
        return []
    with ThreadPoolExecutor(len(plan.targets)) as side_by_side:
        told = side_by_side.map(
            lambda target: _target(plan, due, target, clouds, workers, now, at_once), plan.targets
        )
        return [report for reports in told for report in reports]


def start_now(  # noqa: PLR0913, PLR0917 - what is run, where, and the means
    plan: Plan,
    policy: Policy,
    run: Run,
    target: Target,
    clouds: Clouds,
    workers: Workers,
    now: datetime,
    apart: timedelta,
) -> list[Report]:
    """Hand out one run of a policy in one target, whatever its schedule says; no tick goes on with it.

    `apart`: disks that have been taken not longer ago by a run with a key are spared.
    """
    cloud = clouds.at(target)
    try:
        disks = cloud.disks()
        chosen = selected(disks, policy.select)
        facts = _facts(cloud, chosen, run.due - apart)
        ground = _Ground(facts, quota.region_room(plan.quota, len(disks), cloud.usage()), now, at_once=True)
        order = replace(
            _order(plan, policy, run, target, ground),
            deliver_by=run.due + policy.window,
            patience_s=PATIENCE_S,
            apart_s=apart.total_seconds(),
        )
        return handing.hand_out([_plan_policy(order, policy, chosen, ground)], workers)
    except CloudError as failed:
        return [Report(str(run), str(target), error=str(failed))]


def _target(  # noqa: PLR0913, PLR0917 - a tick's parts, for one target
    plan: Plan,
    due: Sequence[tuple[Policy, Run]],
    target: Target,
    clouds: Clouds,
    workers: Workers,
    now: datetime,
    at_once: bool,  # noqa: FBT001 - private
) -> list[Report]:
    """Plan one target; its failure is reported and does not stop another's."""
    try:
        planned = _planned(plan, due, target, clouds.at(target), now, at_once)
        return handing.hand_out(planned, workers)
    except CloudError as failed:
        return [Report(str(run), str(target), error=str(failed)) for _, run in due]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What one target's policies are planned on. `ahead` counts the disks of the policies before."""

    facts: Facts
    room: Room
    now: datetime
    at_once: bool = False
    ahead: int = 0


def _planned(  # noqa: PLR0913, PLR0917 - as above
    plan: Plan,
    due: Sequence[tuple[Policy, Run]],
    target: Target,
    cloud: Cloud,
    now: datetime,
    at_once: bool,  # noqa: FBT001 - private
) -> list[handing.Planned]:
    disks = cloud.disks()
    chosen = [(policy, run, selected(disks, policy.select)) for policy, run in due]
    facts = _facts(cloud, [disk for _, _, some in chosen for disk in some], min(run.due for _, run in due))
    ground = _Ground(facts, quota.region_room(plan.quota, len(disks), cloud.usage()), now, at_once)
    planned = []
    for policy, run, some in chosen:
        order = _order(plan, policy, run, target, ground)
        one = _plan_policy(order, policy, some, ground)
        ground = replace(
            ground,
            room=replace(ground.room, used=ground.room.used + one.admitted),
            ahead=ground.ahead + len(some),
        )
        planned.append(one)
    return planned


def _facts(cloud: Cloud, disks: Sequence[Disk], since: datetime) -> Facts:
    """Read the snapshots that matter to these runs in few calls; instances are the workers' business."""
    by_id = {disk.id: disk for disk in disks}
    few = len(by_id) <= FEW_DISKS
    listed = cloud.snapshots_of(sorted(by_id)) if few else cloud.snapshots_since(since)
    return preflight.Facts(by_id, {}, preflight.by_disk(listed))


def _order(plan: Plan, policy: Policy, run: Run, target: Target, ground: _Ground) -> Batch:
    """Return what all batches of a policy's run share."""
    window_ends = run.due + policy.window
    return Batch(
        run,
        target,
        plan.deployment,
        groups=(),
        not_after=window_ends,
        deliver_by=min(ground.now + pacing.TICK, window_ends),
        quiesce=policy.quiesce,
        quota=QuotaLimits(region=ground.room.limit, disk=plan.quota.disk),
        agent_port=plan.agent_port,
    )


def _plan_policy(order: Batch, policy: Policy, disks: Sequence[Disk], ground: _Ground) -> handing.Planned:
    settled = {disk.id: preflight.settled_already(disk.id, ground.facts, order) for disk in disks}
    able = [disk for disk in disks if _belongs_to_the_moment(settled[disk.id])]
    groups = {
        group.id: group for group in _chained(grouped(able, policy.group, policy.group_tag), able, policy)
    }
    open_parts = [part for group in groups.values() if (part := _open_part(group, settled)).disk_ids]
    counts = {disk.id: disk.snapshot_count for disk in disks}
    admission = quota.admit(open_parts, counts, ground.room, order.quota)
    # Places are counted over all groups, done ones too, so that they do not move from tick to tick.
    places = pacing.turns(
        grouped(disks, policy.group, policy.group_tag), order.run.due, ground.now, ground.ahead, policy.jitter
    )
    turns = {turn.group.id: replace(turn, now=turn.now or ground.at_once) for turn in places}
    ready, waiting = _in_turn(admission.groups, turns, policy, order)
    known = [one for one in settled.values() if one is not None]
    taken = [Outcome(one, Decision.DISPATCHED) for part in ready for one in part.disk_ids]
    outcomes = sorted((*known, *admission.refused, *waiting, *taken), key=lambda one: one.disk_id)
    report = Report(str(order.run), str(order.target), tuple(outcomes), quota_left=ground.room.left)
    admitted = sum(len(part.disk_ids) for part in admission.groups)
    return handing.Planned(report, order, tuple(groups[part.id] for part in ready), policy.max_held, admitted)


def _in_turn(
    parts: Iterable[Group], turns: Mapping[str, pacing.Turn], policy: Policy, order: Batch
) -> tuple[list[Group], list[Outcome]]:
    """Part what is handed out now from what waits, with the reason."""
    ready: list[Group] = []
    waiting: list[Outcome] = []
    room = handing.most_disks(policy.max_held)
    for part in parts:
        room -= len(part.disk_ids) if turns[part.id].now else 0
        if turns[part.id].now and room >= 0:
            ready.append(part)
        else:
            waiting += [_waits(disk_id, turns[part.id], order) for disk_id in part.disk_ids]
    return ready, waiting


def _chained(groups: Sequence[Group], disks: Sequence[Disk], policy: Policy) -> list[Group]:
    """Say of each group which cluster it belongs to, by its disks' tag."""
    if policy.one_at_a_time is None:
        return list(groups)
    clusters = {disk.id: disk.tags.get(policy.one_at_a_time, "") for disk in disks}
    return [replace(one, chain=max(clusters[disk_id] for disk_id in one.disk_ids)) for one in groups]


def _belongs_to_the_moment(known: Outcome | None) -> bool:
    """Tell whether a disk is a member of its group: still to be taken, or taken earlier in this run."""
    return known is None or known.decision is Decision.DONE


def _open_part(group: Group, settled: Mapping[str, Outcome | None]) -> Group:
    return Group(group.id, tuple(one for one in group.disk_ids if settled[one] is None))


def _waits(disk_id: str, turn: pacing.Turn, order: Batch) -> Outcome:
    if turn.now:
        return Outcome(disk_id, Decision.DEFERRED, reason="more than max_held hosts can take in one tick")
    if turn.at > order.not_after:
        short = f"its turn would come at {turn.at:%H:%M} UTC, after the window: lengthen window"
        return Outcome(disk_id, Decision.REFUSED, reason=short)
    return Outcome(disk_id, Decision.DEFERRED, reason=turn.why)
