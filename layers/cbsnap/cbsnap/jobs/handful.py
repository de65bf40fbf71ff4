"""A handful of groups: facts read in few calls, each group's turn awaited, then handed to the crew.

Disks and instances are read for the whole handful, snapshots for ten disks at a time and only just
before their turn: what a group's decision hangs on is seconds old when it is acted on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import handing, preflight, stopping, uniting, verdicts
from cbsnap.model.runs import Decision, Group
from cbsnap.rules import quota

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cbsnap.jobs.crew import Crew
    from cbsnap.jobs.preflight import Ahead, Facts
    from cbsnap.jobs.work import Work
    from cbsnap.model.runs import Outcome
    from cbsnap.rules.quota import Room

LOOKED_AT_ONCE = 10  # disks whose snapshots are listed in one call
_PATIENCE_STEP_S = 3.0
_OUT_OF_TIME = "this invocation had no time left for it"


def take(groups: Sequence[Group], room: Room, crew: Crew) -> Room:
    """Hand on the groups for which there is room; returns the room that is left then.

    Groups with a disk of which somebody else's snapshot is being made come last: they are waited
    for as long as the batch has patience.
    """
    work = crew.work
    give_up = min(work.clock.monotonic() + work.batch.patience_s, work.until)
    try:
        facts = preflight.read(work.cloud, _disk_ids(groups), snapshots=False)
    except CloudError as failed:
        crew.tell(verdicts.of_groups(groups, Decision.FAILED, str(failed)))
        return room
    waiting = []
    for some in _looks(uniting.united(groups, facts, work)):
        seen = _seen(some, facts, crew)
        if seen is None:
            continue
        if _busy(some, seen, work) and work.batch.patience_s:
            waiting.append(some)
        else:
            room = _hand_on(some, seen, room, crew)
    for some in waiting:
        later = _when_ready(some, facts, give_up, crew)
        room = room if later is None else _hand_on(some, later, room, crew)
    return room


def _looks(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """Cut groups into what is looked at together; a chain stays whole."""
    some: list[Group] = []
    for chain in handing.chains(groups, lambda group: group.chain or group.id):
        if some and len(_disk_ids([*some, *chain])) > LOOKED_AT_ONCE:
            yield some
            some = []
        some += chain
    if some:
        yield some


def _seen(groups: Sequence[Group], facts: Facts, crew: Crew) -> Facts | None:
    """Wait for the groups' turn, and look at their snapshots; None, and told, if that cannot be."""
    work = crew.work
    if not work.pace.wait(work.until):
        crew.tell(verdicts.of_groups(groups, Decision.DEFERRED, _OUT_OF_TIME))
        return None
    there = [one for one in _disk_ids(groups) if one in facts.disks]
    try:
        snapshots = preflight.by_disk(work.cloud.snapshots_of(there) if there else ())
    except CloudError as failed:
        crew.tell(verdicts.of_groups(groups, Decision.FAILED, str(failed)))
        return None
    return replace(facts, snapshots=snapshots, read_at=work.clock.monotonic())


def _when_ready(groups: Sequence[Group], facts: Facts, give_up: float, crew: Crew) -> Facts | None:
    """Look again, until nobody else's snapshot of these disks is being made, or patience is over."""
    while (seen := _seen(groups, facts, crew)) is not None:
        if not _busy(groups, seen, crew.work) or crew.work.clock.monotonic() + _PATIENCE_STEP_S > give_up:
            break
        crew.work.clock.sleep(_PATIENCE_STEP_S)
    return seen


def _busy(groups: Sequence[Group], facts: Facts, work: Work) -> bool:
    settled = [preflight.settled_already(one, facts, work.batch) for one in _disk_ids(groups)]
    return any(one is not None and one.decision is Decision.DEFERRED for one in settled)


def _hand_on(groups: Sequence[Group], facts: Facts, room: Room, crew: Crew) -> Room:
    """Have taken what is to be taken, each group in its turn."""
    work = crew.work
    plans = [preflight.ahead(group, facts, work.batch) for group in groups]
    admitted, refused = _admit(plans, facts, room, work)
    crew.tell([*(one for plan in plans for one in plan.outcomes), *refused])
    for unit in _units([*admitted, *_left_stopped(plans, facts, work)], work):
        calls = sum(len(plan.missing) for plan in unit)
        if work.pace.wait(work.until):
            work.pace.spend(calls)
            room = replace(room, used=room.used + calls)
            crew.take(unit, facts)
        else:
            crew.tell([one for plan in unit for one in verdicts.all_deferred(plan, _OUT_OF_TIME)])
    return room


def _units(plans: Sequence[Ahead], work: Work) -> list[list[Ahead]]:
    """Part plans into what one hand takes: a chain, or all where the look just made is the only guard."""
    if work.batch.quiesce is None:
        return [list(plans)] if plans else []
    return handing.chains(plans, lambda plan: plan.chain or plan.group_id)


def _admit(
    plans: Sequence[Ahead], facts: Facts, room: Room, work: Work
) -> tuple[list[Ahead], Sequence[Outcome]]:
    """Return the plans that the quota has room for, and the others' refusals."""
    wanted = [Group(plan.group_id, plan.missing) for plan in plans if plan.missing]
    counts = {disk_id: disk.snapshot_count for disk_id, disk in facts.disks.items()}
    admission = quota.admit(wanted, counts, room, work.batch.quota)
    let_in = set(admission.groups)  # not by id: two policies' groups may have the same
    return [plan for plan in plans if Group(plan.group_id, plan.missing) in let_in], admission.refused


def _left_stopped(plans: Sequence[Ahead], facts: Facts, work: Work) -> list[Ahead]:
    """Return the groups that are taken, but whose instances a worker that died has left stopped."""
    quiesce = work.batch.quiesce
    stops = quiesce is not None and quiesce.stops
    return [plan for plan in plans if stops and not plan.missing and stopping.marked(plan, facts)]


def _disk_ids(groups: Iterable[Group]) -> list[str]:
    return [disk_id for group in groups for disk_id in group.disk_ids]
