"""A tick of the schedule: due policies become disks, groups and batches, and these are handed out.

Decides what is handed out in this tick and what has to wait or is refused, with quota known for
the whole run before any host is locked. Taking is the workers' business.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cbsnap.errors import CloudError
from cbsnap.jobs import handing, making_room, preflight
from cbsnap.jobs.beside import Before
from cbsnap.jobs.joining import joined
from cbsnap.model.plan import QuotaLimits
from cbsnap.model.runs import Batch, Decision, Group, Outcome, Report, Run
from cbsnap.rules import pacing, quota, schedule
from cbsnap.rules.groups import grouped
from cbsnap.rules.selection import selected

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from cbsnap.jobs.preflight import Facts
    from cbsnap.model.cloud import Disk
    from cbsnap.model.plan import Plan, Target
    from cbsnap.model.policies import Policy
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.cloud import Cloud, Clouds
    from cbsnap.ports.functions import Workers
    from cbsnap.ports.lifecycle import Ending, Lifecycles
    from cbsnap.rules.quota import Room

KEYED = timedelta(days=1)  # how far back a run with a key is looked for, where there are many disks
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


def tick(  # noqa: PLR0913 - what is planned, and the means
    plan: Plan,
    clouds: Clouds,
    workers: Workers,
    clock: Clock,
    *,
    at_once: bool = False,
    lifecycles: Lifecycles | None = None,
) -> list[Report]:
    """Hand out what is due now; returns a report for each due policy and target.

    `at_once`: a person wants it now, whatever was handed out before. Without `lifecycles` no room
    is made.
    """
    now = clock.now()
    due = due_runs(plan, now)

    def one_target(target: Target) -> list[Report]:
        asked = Asked(plan, due, target, now, at_once)
        return planned(asked, clouds, lifecycles, lambda parts: handing.hand_out(parts, workers, clock.now()))

    return side_by_side(plan.targets, one_target) if due else []


def side_by_side(targets: Sequence[Target], job: Callable[[Target], list[Report]]) -> list[Report]:
    """Do a job for each target, at the same time."""
    with ThreadPoolExecutor(len(targets)) as pool:
        return [report for reports in pool.map(job, targets) for report in reports]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be planned: these runs in one target; `apart` and `patience_s` are for their batches."""

    plan: Plan
    runs: Sequence[tuple[Policy, Run]]
    target: Target
    now: datetime
    at_once: bool = False
    apart: timedelta = timedelta(0)
    patience_s: float = 0.0


def planned(
    asked: Asked,
    clouds: Clouds,
    lifecycles: Lifecycles | None,
    then: Callable[[list[handing.Planned]], list[Report]],
) -> list[Report]:
    """Plan one target and do `then`; its failure is reported and does not stop another's."""
    try:
        cloud = clouds.at(asked.target)
        lifecycle = lifecycles.at(asked.target) if lifecycles is not None else None
        return then(_planned(asked, cloud, lifecycle))
    except CloudError as failed:
        return [Report(str(run), str(asked.target), error=str(failed)) for _, run in asked.runs]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What one target's policies are planned on. `ahead` counts the disks of the policies before."""

    asked: Asked
    facts: Facts
    room: Room
    means: making_room.Means
    before: Before = field(default_factory=Before)
    ahead: int = 0


def _planned(asked: Asked, cloud: Cloud, lifecycle: Ending | None) -> list[handing.Planned]:
    disks = cloud.disks()
    chosen = [(policy, run, selected(disks, policy.select)) for policy, run in asked.runs]
    facts = _facts(cloud, [disk for _, _, some in chosen for disk in some], _since(asked))
    space = quota.region_room(asked.plan.quota, len(disks), cloud.usage())
    ground = _Ground(asked, facts, space, making_room.Means(asked.plan, cloud, lifecycle, asked.now))
    parts = []
    for policy, run, some in chosen:
        one, turns = _plan_policy(_order(policy, run, ground), policy, some, ground)
        parts.append(one)
        if len(parts) < len(chosen):
            before = ground.before.with_policy(one.order, turns, one.ready, facts.disks)
            room = one.room or ground.room
            ground = replace(ground, room=room, before=before, ahead=ground.ahead + len(some))
    return joined(parts, facts.disks)


def _since(asked: Asked) -> datetime:
    """Return since when snapshots of these runs can have been made; one with a key may have begun before."""
    before = max(KEYED, asked.apart)
    return min(run.due if run.key is None else run.due - before for _, run in asked.runs)


def _facts(cloud: Cloud, disks: Sequence[Disk], since: datetime) -> Facts:
    """Read the snapshots that matter to these runs in few calls; instances are the workers' business."""
    by_id = {disk.id: disk for disk in disks}
    few = len(by_id) <= FEW_DISKS
    listed = cloud.snapshots_of(sorted(by_id)) if few else cloud.snapshots_since(since)
    return preflight.Facts(by_id, {}, preflight.by_disk(listed))


def _order(policy: Policy, run: Run, ground: _Ground) -> Batch:
    """Return what all batches of a policy's run share; what has a key is not handed out anew by a timer."""
    plan, window_ends = ground.asked.plan, run.due + policy.window
    next_tick = min(ground.asked.now + pacing.TICK, window_ends)
    return Batch(
        run,
        ground.asked.target,
        plan.deployment,
        groups=(),
        not_after=window_ends,
        deliver_by=next_tick if run.key is None else window_ends,
        quiesce=policy.quiesce,
        quota=QuotaLimits(region=ground.room.limit, disk=plan.quota.disk),
        patience_s=ground.asked.patience_s,
        apart_s=ground.asked.apart.total_seconds(),
        agent_port=plan.agent_port,
    )


def _plan_policy(
    order: Batch, policy: Policy, disks: Sequence[Disk], ground: _Ground
) -> tuple[handing.Planned, Collection[pacing.Turn]]:
    settled = {disk.id: preflight.settled_already(disk.id, ground.facts, order) for disk in disks}
    able = [disk for disk in disks if _belongs_to_the_moment(settled[disk.id])]
    chained = _chained(grouped(able, policy.group, policy.group_tag), able, policy)
    groups = {group.id: group for group in chained}
    open_parts = [part for group in groups.values() if (part := _open_part(group, settled)).disk_ids]
    turns = _turns(order, policy, disks, ground)
    in_time = [part for part in open_parts if turns[part.id].now or turns[part.id].at <= order.not_after]
    space = _space(in_time, order, policy, disks, ground)
    admission = quota.admit(open_parts, space.counts, space.room, order.quota)
    others = {part.id: ground.before.takes(groups[part.id]) for part in admission.groups}
    by_claim = pacing.by_claim(admission.groups, turns, ground.asked.now)
    ready, waiting = _in_turn(by_claim, turns, policy, order, others)
    known = [one for one in settled.values() if one is not None]
    opened = {part.id for part in open_parts}
    whole = handing.Planned(
        _report(order, ready, [*known, *admission.refused, *waiting], space),
        order,
        tuple(groups[one] for one in sorted(part.id for part in ready)),
        policy.max_held,
        replace(space.room, used=space.room.used + sum(len(part.disk_ids) for part in admission.groups)),
        tuple(group for group in groups.values() if group.id not in opened),
        bounded=handing.is_bounded(policy),
    )
    return whole, turns.values()


def _space(
    in_time: Sequence[Group], order: Batch, policy: Policy, disks: Sequence[Disk], ground: _Ground
) -> making_room.Space:
    """Return the room there is for these groups, once what could be deleted for them is."""
    counts = {disk.id: disk.snapshot_count for disk in disks}
    space = making_room.Space(ground.room, counts, order.quota)
    return making_room.made(policy, in_time, space, ground.means)


def _report(
    order: Batch, ready: Sequence[Group], others: Sequence[Outcome], space: making_room.Space
) -> Report:
    """Return what was decided of each disk."""
    taken = [Outcome(one, Decision.DISPATCHED) for part in ready for one in part.disk_ids]
    return Report(
        str(order.run),
        str(order.target),
        tuple(sorted((*others, *taken), key=lambda one: one.disk_id)),
        quota_left=space.room.left,
        removed=space.removed,
    )


def _turns(order: Batch, policy: Policy, disks: Sequence[Disk], ground: _Ground) -> dict[str, pacing.Turn]:
    """Return each group's turn; places are counted over all, done ones too, so that they do not move."""
    groups = grouped(disks, policy.group, policy.group_tag)
    now = ground.asked.now
    stride = handing.stride(policy)
    places = pacing.turns(groups, order.run.due, now, ground.ahead, policy.jitter, stride)
    beside = (ground.before.turn(one, order, ground.facts.disks, now, stride) for one in places)
    return {turn.group.id: replace(turn, now=turn.now or ground.asked.at_once) for turn in beside}


def _in_turn(
    parts: Iterable[Group],
    turns: Mapping[str, pacing.Turn],
    policy: Policy,
    order: Batch,
    others: Mapping[str, str],
) -> tuple[list[Group], list[Outcome]]:
    """Part what is handed out now from what waits; `others`: for whom a disk of a group is taken."""
    ready: list[Group] = []
    waiting: list[Outcome] = []
    left = handing.most_disks(policy.max_held)
    for part in parts:
        turn, other = turns[part.id], others[part.id]
        if turn.now and not other and left > 0:  # the last may be more than what is left: it cannot be cut
            left -= len(part.disk_ids)
            ready.append(part)
        else:
            waiting += [_waits(disk_id, turn, order, other) for disk_id in part.disk_ids]
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


def _waits(disk_id: str, turn: pacing.Turn, order: Batch, other: str) -> Outcome:
    if turn.now and other:
        return Outcome(disk_id, Decision.DEFERRED, reason=other)
    if turn.now:
        then = "the rest follows" if order.run.key is None else "ask again with the same key"
        much = f"more than one hand-out takes, by the API's rate and max_held: {then}"
        return Outcome(disk_id, Decision.DEFERRED, reason=much)
    if turn.at > order.not_after:
        short = f"its turn would come at {turn.at:%H:%M} UTC, after the window: lengthen window"
        return Outcome(disk_id, Decision.REFUSED, reason=short)
    return Outcome(disk_id, Decision.DEFERRED, reason=turn.why)
