"""A handful of groups: facts read once for all, groups taken side by side, labels written together.

Labels are written at once: a worker that dies later leaves them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import group as one_group
from cbsnap.jobs import handing, preflight, stopping, uniting, verdicts
from cbsnap.jobs.verdicts import Taken
from cbsnap.model import Decision, Group, Label, Outcome
from cbsnap.rules import quota
from cbsnap.rules.ours import LABEL_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cbsnap.jobs.preflight import Ahead, Facts
    from cbsnap.jobs.work import Work
    from cbsnap.rules.quota import Room

_PATIENCE_STEP_S = 3.0


def take(groups: Sequence[Group], room: Room, work: Work) -> tuple[Taken, Room]:
    """Take the groups for which there is room; returns the room that is left then."""
    try:
        facts = _patiently(groups, work)
    except CloudError as failed:
        return _failed(groups, str(failed)), room
    united = uniting.united(groups, facts, work)
    plans = [preflight.ahead(group, facts, work.batch) for group in united]
    admitted, refused = _admit(plans, facts, room, work)
    wanted = sum(len(plan.missing) for plan in admitted)
    taken = _side_by_side([*admitted, *_left_stopped(plans, facts, work)], facts, work)
    known = Taken((*(one for plan in plans for one in plan.outcomes), *refused))
    together = verdicts.merged([known, *taken])
    outcomes = write_labels(_writerless(together.outcomes, facts, work), work)
    return Taken(tuple(outcomes), together.proofs), replace(room, used=room.used + wanted)


def write_labels(outcomes: Sequence[Outcome], work: Work) -> list[Outcome]:
    """Write what was taken its label, one call for many of one label; says which could not be written."""
    unwritten: dict[str, str] = {}
    for label in Label:
        ids = [one.snapshot_id for one in outcomes if one.snapshot_id and _has_news(one, label)]
        try:
            if ids:
                work.cloud.tag_snapshots(ids, LABEL_TAG, label.value)
        except CloudError as failed:
            unwritten.update(dict.fromkeys(ids, f"the label's tag is not written yet: {failed}"))
    return [_noted(one, unwritten.get(one.snapshot_id or "", "")) for one in outcomes]


def _patiently(groups: Sequence[Group], work: Work) -> Facts:
    """Read the facts; while another snapshot of a disk is being made, again, as long as patience lasts."""
    ids = [disk_id for group in groups for disk_id in group.disk_ids]
    give_up = min(work.clock.monotonic() + work.batch.patience_s, work.until)
    while True:
        facts = preflight.read(work.cloud, ids)
        verdicts_now = [preflight.settled_already(one, facts, work.batch) for one in ids]
        waiting = any(one is not None and one.decision is Decision.DEFERRED for one in verdicts_now)
        if not waiting or work.clock.monotonic() + _PATIENCE_STEP_S > give_up:
            return replace(facts, read_at=work.clock.monotonic())
        work.clock.sleep(_PATIENCE_STEP_S)


def _admit(
    plans: Sequence[Ahead], facts: Facts, room: Room, work: Work
) -> tuple[list[Ahead], Sequence[Outcome]]:
    """Return the plans that the quota has room for, and the others' refusals."""
    wanted = [Group(plan.group_id, plan.missing) for plan in plans if plan.missing]
    counts = {disk_id: disk.snapshot_count for disk_id, disk in facts.disks.items()}
    admission = quota.admit(wanted, counts, room, work.batch.quota)
    let_in = {group.id for group in admission.groups}
    return [plan for plan in plans if plan.group_id in let_in], admission.refused


def _left_stopped(plans: Sequence[Ahead], facts: Facts, work: Work) -> list[Ahead]:
    """Return the groups that are taken, but whose instances a worker that died has left stopped."""
    quiesce = work.batch.quiesce
    stops = quiesce is not None and quiesce.stops
    return [plan for plan in plans if stops and not plan.missing and stopping.marked(plan, facts)]


def _side_by_side(plans: Sequence[Ahead], facts: Facts, work: Work) -> list[Taken]:
    """Take groups at the same time, those of one chain one after the other."""
    together = handing.chains(plans, lambda plan: plan.chain or plan.group_id)
    with ThreadPoolExecutor(work.batch.side_by_side) as pool:
        taken = pool.map(lambda chain: [one_group.take(plan, facts, work) for plan in chain], together)
        return [one for some in taken for one in some]


def _writerless(outcomes: Sequence[Outcome], before: Facts, work: Work) -> list[Outcome]:
    """Say which of the snapshots without a plan had nobody who could have written, before or after."""
    idle = {
        one.disk_id
        for one in outcomes
        if one.decision is Decision.TAKEN and one.label is Label.CRASH and before.writerless(one.disk_id)
    }
    if not idle:
        return list(outcomes)
    try:
        after = preflight.read(work.cloud, idle, snapshots=False)
    except CloudError:
        return list(outcomes)
    safe = {one for one in idle if one in after.disks and after.writerless(one)}
    return [preflight.without_writer(one) if one.disk_id in safe else one for one in outcomes]


def _failed(groups: Iterable[Group], reason: str) -> Taken:
    return Taken(
        tuple(Outcome(one, Decision.FAILED, reason=reason) for group in groups for one in group.disk_ids)
    )


def _has_news(outcome: Outcome, label: Label) -> bool:
    return outcome.decision is Decision.TAKEN and outcome.label is label


def _noted(outcome: Outcome, note: str) -> Outcome:
    return replace(outcome, reason="; ".join(filter(None, (outcome.reason, note)))) if note else outcome
