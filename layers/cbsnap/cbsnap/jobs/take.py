"""A worker's batch: groups side by side, a handful at a time; then labels, and what was left open.

The facts are read once for each handful. A batch that the platform kept too long is dropped
and says so.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import group as one_group
from cbsnap.jobs import preflight, settle
from cbsnap.jobs.pace import Pace
from cbsnap.jobs.verdicts import Taken
from cbsnap.jobs.work import Work
from cbsnap.model import Decision, Group, Label, Outcome, Report
from cbsnap.rules import quota
from cbsnap.rules.ours import LABEL_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cbsnap.jobs.preflight import Ahead, Facts
    from cbsnap.model import Batch, Proof
    from cbsnap.ports import Clock, Cloud, Hosts

HANDFUL = 20  # disks whose facts are read together
_PATIENCE_STEP_S = 3.0


def take_batch(batch: Batch, cloud: Cloud, hosts: Hosts, clock: Clock, budget_s: float) -> Report:
    """Take a batch's groups. `budget_s`: the invocation's time, less what ending it needs."""
    work = Work(batch, cloud, hosts, clock, Pace(batch.rate_per_s, clock), clock.monotonic() + budget_s)
    if clock.now() > batch.deliver_by:
        late = (
            f"delivered after {batch.deliver_by:%Y-%m-%d %H:%M:%S} UTC: dropped, since it is handed out anew"
        )
        return _report(batch, [Outcome(one, Decision.DEFERRED, reason=late) for one in _ids(batch.groups)])
    outcomes, proofs = _take(batch.groups, work)
    settled = settle.settle(settle.adopt(outcomes, work), clock.monotonic(), work)
    lost = _never_made(batch.groups, outcomes, settled)
    if lost and clock.monotonic() < work.until:
        again, more = _take(lost, work)
        settled = list({one.disk_id: one for one in (*settled, *again)}.values())
        proofs = [*proofs, *more]
    return _report(batch, _labelled(settled, work), proofs, _room_left(batch, cloud))


def _take(groups: Sequence[Group], work: Work) -> tuple[list[Outcome], list[Proof]]:
    outcomes: list[Outcome] = []
    proofs: list[Proof] = []
    for handful in _handfuls(groups):
        for taken in _take_handful(handful, work):
            outcomes += taken.outcomes
            proofs += taken.proofs
    return outcomes, proofs


def _take_handful(groups: Sequence[Group], work: Work) -> list[Taken]:
    try:
        facts = _patiently(groups, work)
        plans = {group.id: preflight.ahead(group, facts, work.batch) for group in groups}
        admitted, refused = _admit(groups, plans, facts, work)
    except CloudError as failed:
        return [
            Taken(tuple(Outcome(one, Decision.FAILED, reason=str(failed)) for one in group.disk_ids))
            for group in groups
        ]
    known = Taken((*(one for plan in plans.values() for one in plan.outcomes), *refused))
    with ThreadPoolExecutor(work.batch.side_by_side) as pool:
        taken = list(
            pool.map(
                lambda group: one_group.take(
                    plans[group.id],
                    facts.running(plans[group.id].members),
                    work,
                ),
                admitted,
            )
        )
    return [known, *_writerless(taken, facts, work)]


def _patiently(groups: Sequence[Group], work: Work) -> Facts:
    """Read the facts; while another snapshot of a disk is being made, again, as long as patience lasts."""
    ids = _ids(groups)
    give_up = min(work.clock.monotonic() + work.batch.patience_s, work.until)
    while True:
        facts = preflight.read(work.cloud, ids)
        verdicts = [preflight.settled_already(one, facts, work.batch) for one in ids]
        waiting = any(one is not None and one.decision is Decision.DEFERRED for one in verdicts)
        if not waiting or work.clock.monotonic() + _PATIENCE_STEP_S > give_up:
            return facts
        work.clock.sleep(_PATIENCE_STEP_S)


def _admit(
    groups: Sequence[Group], plans: dict[str, Ahead], facts: Facts, work: Work
) -> tuple[list[Group], Sequence[Outcome]]:
    """Return the groups that the quota has room for, and the others' refusals."""
    wanted = [Group(group.id, plans[group.id].missing) for group in groups if plans[group.id].missing]
    if not wanted:
        return [], ()
    counts = {disk_id: disk.snapshot_count for disk_id, disk in facts.disks.items()}
    room = quota.region_room(work.batch.quota, len(facts.disks), work.cloud.usage())
    admission = quota.admit(wanted, counts, room, work.batch.quota)
    let_in = {group.id for group in admission.groups}
    return [group for group in groups if group.id in let_in], admission.refused


def _writerless(taken: Sequence[Taken], before: Facts, work: Work) -> list[Taken]:
    """Say which of the snapshots without a plan had nobody who could have written."""
    idle = [
        outcome.disk_id
        for one in taken
        for outcome in one.outcomes
        if outcome.label is Label.CRASH and not before.running([outcome.disk_id])
    ]
    if not idle:
        return list(taken)
    safe = preflight.writerless(idle, before, preflight.read(work.cloud, idle))
    return [
        replace(
            one,
            outcomes=tuple(
                preflight.without_writer(outcome) if outcome.disk_id in safe else outcome
                for outcome in one.outcomes
            ),
        )
        for one in taken
    ]


def _never_made(groups: Iterable[Group], before: Iterable[Outcome], after: Iterable[Outcome]) -> list[Group]:
    """Return the groups in which an unknown outcome turned out never to have happened."""
    unknown = {one.disk_id for one in before if one.decision is Decision.UNKNOWN}
    failed = {one.disk_id for one in after if one.decision is Decision.FAILED}
    return [group for group in groups if unknown & failed & set(group.disk_ids)]


def _labelled(outcomes: Sequence[Outcome], work: Work) -> list[Outcome]:
    """Write the labels, one call for many snapshots of one label."""
    unwritten: dict[str, str] = {}
    for label in Label:
        ids = [one.snapshot_id for one in outcomes if _has_news(one, label) and one.snapshot_id]
        try:
            if ids:
                work.cloud.tag_snapshots(ids, LABEL_TAG, label.value)
        except CloudError as failed:
            unwritten.update(dict.fromkeys(ids, f"the label's tag is not written yet: {failed}"))
    return [_noted(one, unwritten.get(one.snapshot_id or "", "")) for one in outcomes]


def _has_news(outcome: Outcome, label: Label) -> bool:
    return outcome.decision is Decision.TAKEN and outcome.label is label


def _noted(outcome: Outcome, note: str) -> Outcome:
    return replace(outcome, reason="; ".join(filter(None, (outcome.reason, note)))) if note else outcome


def _room_left(batch: Batch, cloud: Cloud) -> int | None:
    if batch.quota.region is None:
        return None
    try:
        return max(0, batch.quota.region - cloud.usage().count)
    except CloudError:
        return None


def _report(
    batch: Batch, outcomes: Sequence[Outcome], proofs: Sequence[Proof] = (), left: int | None = None
) -> Report:
    in_order = tuple(sorted(outcomes, key=lambda one: one.disk_id))
    return Report(str(batch.run), str(batch.target), in_order, tuple(proofs), left)


def _ids(groups: Iterable[Group]) -> list[str]:
    return [disk_id for group in groups for disk_id in group.disk_ids]


def _handfuls(groups: Sequence[Group]) -> Iterator[list[Group]]:
    handful: list[Group] = []
    for group in groups:
        if handful and len(_ids(handful)) + len(group.disk_ids) > HANDFUL:
            yield handful
            handful = []
        handful.append(group)
    if handful:
        yield handful
