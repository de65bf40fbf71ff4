"""A worker's batch: handful by handful, then what was left open.

A batch that the platform kept too long is dropped and says so; what the invocation's time does
not suffice for is left to the next hand-out. Answers that were lost are settled at the end, since
that takes minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import handful, settle
from cbsnap.jobs.handing import chains
from cbsnap.jobs.pace import Pace
from cbsnap.jobs.verdicts import Taken
from cbsnap.jobs.work import Work
from cbsnap.model import Decision, Outcome, Report
from cbsnap.rules import quota

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.model import Batch, Group
    from cbsnap.ports import Clock, Cloud, Hosts

HANDFUL_DISKS = 30


def take_batch(batch: Batch, cloud: Cloud, hosts: Hosts, clock: Clock, budget_s: float) -> list[Report]:
    """Take a batch's groups; returns a report for each of its runs.

    `budget_s`: the invocation's time, less what ending it needs.
    """
    began = clock.now()
    work = Work(
        batch, cloud, hosts, clock, Pace(batch.rate_per_s, clock, batch.phase), clock.monotonic() + budget_s
    )
    if clock.now() > batch.deliver_by:
        late = f"delivered after {batch.deliver_by:%H:%M:%S} UTC: dropped, since it is handed out anew"
        return _reports(work, [_left(batch.groups, late)], began)
    taken = list(_take(batch.groups, work))
    outcomes = [outcome for one in taken for outcome in one.outcomes]
    settled = settle.settle(settle.adopt(outcomes, work), clock.monotonic(), work)
    handful.write_labels([one for one in settled if one not in outcomes], work)
    again = list(_take(_never_made(batch.groups, outcomes, settled), work))
    return _reports(work, [*taken, Taken(tuple(settled)), *again], began, _room_left(batch, cloud))


def _take(groups: Sequence[Group], work: Work) -> Iterator[Taken]:
    """Take one handful after the other, as long as there is time."""
    if not groups:
        return
    try:
        room = quota.region_room(work.batch.quota, 0, work.cloud.usage())
    except CloudError as failed:
        yield _left(groups, str(failed))
        return
    for some in _handfuls(groups):
        if work.clock.monotonic() > work.until:
            yield _left(some, "this invocation had no time left for it")
        else:
            taken, room = handful.take(some, room, work)
            yield taken


def _left(groups: Iterable[Group], reason: str) -> Taken:
    return Taken(
        tuple(Outcome(one, Decision.DEFERRED, reason=reason) for group in groups for one in group.disk_ids)
    )


def _never_made(groups: Iterable[Group], before: Iterable[Outcome], after: Iterable[Outcome]) -> list[Group]:
    """Return the groups, whole chains, in which an unknown outcome turned out never to have happened."""
    unknown = {one.disk_id for one in before if one.decision is Decision.UNKNOWN}
    failed = {one.disk_id for one in after if one.decision is Decision.FAILED}
    never = unknown & failed
    lots = chains(groups, lambda group: group.chain or group.id)
    return [group for lot in lots if any(never & set(one.disk_ids) for one in lot) for group in lot]


def _room_left(batch: Batch, cloud: Cloud) -> int | None:
    if batch.quota.region is None:
        return None
    try:
        return max(0, batch.quota.region - cloud.usage().count)
    except CloudError:
        return None


def _reports(work: Work, taken: Sequence[Taken], began: datetime, left: int | None = None) -> list[Report]:
    """Report each disk once, with its own run: what was found out last is what counts."""
    batch = work.batch
    outcomes = {outcome.disk_id: outcome for one in taken for outcome in one.outcomes}
    in_order = [(batch.run_of(disk_id), outcomes[disk_id]) for disk_id in sorted(outcomes)]
    proofs = tuple(proof for one in taken for proof in one.proofs)
    return [
        Report(
            str(run),
            str(batch.target),
            tuple(outcome for own, outcome in in_order if own == run),
            proofs,
            left,
            began=began,
            ended=work.clock.now(),
        )
        for run in batch.runs
    ]


def _handfuls(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """Cut into handfuls; what is of one chain may have to be taken together, and stays so."""
    some: list[Group] = []
    for chain in chains(groups, lambda group: group.chain or group.id):
        if some and sum(len(one.disk_ids) for one in (*some, *chain)) > HANDFUL_DISKS:
            yield some
            some = []
        some += chain
    if some:
        yield some
