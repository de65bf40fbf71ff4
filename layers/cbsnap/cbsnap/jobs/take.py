"""A worker's batch: handful by handful, then what was left open.

A batch that the platform kept too long is dropped and says so; what the invocation's time does
not suffice for is left to the next hand-out. Answers that were lost are settled at the end, since
that takes minutes, and what was refused for its rate alone is tried once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import handful, settle, verdicts
from cbsnap.jobs.crew import Crew
from cbsnap.jobs.handing import chains
from cbsnap.jobs.labelling import Labels
from cbsnap.jobs.pace import Pace
from cbsnap.jobs.verdicts import Taken
from cbsnap.jobs.work import Work
from cbsnap.model.runs import Decision, Outcome, Report
from cbsnap.rules import quota

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.model.runs import Batch, Group
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.cloud import Cloud
    from cbsnap.ports.hosts import Hosts

HANDFUL_DISKS = 100  # a page: whose facts are read together


def take_batch(batch: Batch, cloud: Cloud, hosts: Hosts, clock: Clock, budget_s: float) -> list[Report]:
    """Take a batch's groups; returns a report for each of its runs.

    `budget_s`: the invocation's time, less what ending it needs.
    """
    began = clock.now()
    starts_in_s = 0.0 if batch.begins_at is None else (batch.begins_at - began).total_seconds()
    pace = Pace(batch.rate_per_s, clock, starts_in_s)
    work = Work(batch, cloud, hosts, clock, pace, clock.monotonic() + budget_s)
    if clock.now() > batch.deliver_by:
        late = f"delivered after {batch.deliver_by:%H:%M:%S} UTC: dropped, since it is handed out anew"
        return _reports(work, [_left(batch.groups, late)], began)
    taken = _take(batch.groups, work)
    settled = settle.settle(settle.adopt(taken.outcomes, work), clock.monotonic(), work)
    labels = Labels(cloud)
    labels.add(one for one in settled if one not in taken.outcomes)
    labels.flush()
    again = _take(_worth_another_try(batch.groups, taken, settled), work)
    return _reports(work, [taken, Taken(tuple(settled)), again], began, _room_left(batch, cloud))


def _take(groups: Sequence[Group], work: Work) -> Taken:
    """Take one handful after the other, as long as there is time."""
    if not groups:
        return Taken(())
    try:
        room = quota.region_room(work.batch.quota, 0, work.cloud.usage())
    except CloudError as failed:
        return _left(groups, str(failed))
    crew = Crew(work)
    with crew:
        for some in _handfuls(groups):
            room = handful.take(some, room, crew)
    return crew.taken()


def _left(groups: Iterable[Group], reason: str) -> Taken:
    return Taken(tuple(verdicts.of_groups(groups, Decision.DEFERRED, reason)))


def _worth_another_try(groups: Iterable[Group], before: Taken, after: Iterable[Outcome]) -> list[Group]:
    """Return the groups, whole chains, with a throttled call, or an unknown outcome that never happened."""
    unknown = {one.disk_id for one in before.outcomes if one.decision is Decision.UNKNOWN}
    again = before.throttled | {one.disk_id for one in after if one.decision is Decision.FAILED} & unknown
    lots = chains(groups, lambda group: group.chain or group.id)
    return [group for lot in lots if any(again & set(one.disk_ids) for one in lot) for group in lot]


def _room_left(batch: Batch, cloud: Cloud) -> int | None:
    if batch.quota.region is None:
        return None
    try:
        return max(0, batch.quota.region - cloud.usage().count)
    except CloudError:
        return None


def _reports(work: Work, taken: Sequence[Taken], began: datetime, left: int | None = None) -> list[Report]:
    """Report each disk once, with its own run: what was found out last counts, if it is more than `done`."""
    batch = work.batch
    outcomes: dict[str, Outcome] = {}
    for outcome in (outcome for one in taken for outcome in one.outcomes):
        if outcome.decision is not Decision.DONE or outcome.disk_id not in outcomes:
            outcomes[outcome.disk_id] = outcome
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
