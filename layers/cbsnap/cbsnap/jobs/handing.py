"""Handing out: a tick's groups cut into batches, each with its share of the rate.

Batches are large, since a worker costs for as long as it runs, but small enough for an
asynchronous event and for a worker to end well inside its time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from cbsnap.errors import CloudError, InputError
from cbsnap.model.runs import Decision
from cbsnap.rules import pacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from cbsnap.model.policies import Policy
    from cbsnap.model.runs import Batch, Group, Outcome, Report, Run
    from cbsnap.ports.functions import Workers
    from cbsnap.rules.quota import Room

T = TypeVar("T")

BATCH_DISKS = 300
MOST_OF_A_BATCH = 1000  # where few hosts may be held: what fits an event and a worker's time
SIDE_BY_SIDE = 8  # hosts of one worker that are held at the same time
HANDS = 8  # invocations sent at the same time


@dataclass(frozen=True, slots=True)
class Planned:
    """One policy's part in a target. `order` is a batch without groups; `ready` are those of this tick.

    `done` were taken earlier in this run. `bounded`: how many hosts it holds must be counted.
    """

    report: Report
    order: Batch
    ready: tuple[Group, ...]
    max_held: int | None = None
    room: Room | None = None
    done: tuple[Group, ...] = ()
    bounded: bool = False


def hand_out(planned: Sequence[Planned], workers: Workers, now: datetime) -> list[Report]:
    """Hand all batches to workers; returns the reports with the requests' ids."""
    cut = _placed([batch for one in planned for batch in batches(one)], now)
    with ThreadPoolExecutor(HANDS) as hands:
        sent = list(hands.map(lambda batch: _sent(batch, workers), cut))
    return [_told(one, sent) for one in planned]


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch and its request's id, or why it could not be handed out; the others are all the same."""

    batch: Batch
    request_id: str = ""
    error: str = ""

    def of(self, run: Run) -> list[str]:
        """Return the disks that it has of a run."""
        groups = (group for group in self.batch.groups if self.batch.runs[group.run] == run)
        return [disk_id for group in groups for disk_id in group.disk_ids]


def _sent(batch: Batch, workers: Workers) -> _Sent:
    try:
        return _Sent(batch, request_id=workers.dispatch(batch))
    except (CloudError, InputError) as failed:
        return _Sent(batch, error=f"could not be handed to a worker: {failed}")


def _told(planned: Planned, sent: Sequence[_Sent]) -> Report:
    report, run = planned.report, planned.order.run
    left = {disk_id: one.error for one in sent if one.error for disk_id in one.of(run)}
    return replace(
        report,
        batches=tuple(one.request_id for one in sent if one.request_id and one.of(run)),
        outcomes=tuple(_not_sent(one, left.get(one.disk_id, "")) for one in report.outcomes),
    )


def _not_sent(outcome: Outcome, error: str) -> Outcome:
    if not error or outcome.decision is not Decision.DISPATCHED:
        return outcome
    return replace(outcome, decision=Decision.FAILED, reason=error)


def _placed(orders: Sequence[Batch], now: datetime) -> list[Batch]:
    """Give each worker its share of the rate, and its place: none begins in step with another."""
    share = pacing.CREATES_PER_S / max(1, len(orders))
    first = now + pacing.START if len(orders) > 1 else now
    return [
        replace(
            one,
            rate_per_s=share,
            begins_at=first + timedelta(seconds=pacing.stagger_s(place, _together(one))),
        )
        for place, one in enumerate(orders)
    ]


def _together(order: Batch) -> float:
    """Return how many disks a worker takes at the same moment, on average."""
    return sum(len(group.disk_ids) for group in order.groups) / len(order.groups)


def most_disks(max_held: int | None) -> int:
    """Return how many disks of a policy can be handed out in one tick."""
    return pacing.TICK_DISKS if max_held is None else min(pacing.TICK_DISKS, max_held * MOST_OF_A_BATCH)


def is_bounded(policy: Policy) -> bool:
    """Tell whether the hosts that a policy holds must be counted, by workers that know of no other."""
    return policy.max_held is not None or policy.one_at_a_time is not None


def stride(policy: Policy) -> pacing.Stride:
    """Return how a policy's hand-outs follow each other: where hosts are counted, none beside another."""
    if not is_bounded(policy):
        return pacing.EVERY_TICK
    return pacing.Stride(most_disks(policy.max_held), pacing.AGAIN * pacing.TICK)


def batches(planned: Planned) -> list[Batch]:
    """Cut a policy's groups into batches: no more than may be held at once, no larger than it need be."""
    disks = sum(len(group.disk_ids) for group in planned.ready)
    wanted = -(-disks // BATCH_DISKS)
    if not wanted:
        return []
    workers = wanted if planned.max_held is None else min(wanted, planned.max_held)
    held = SIDE_BY_SIDE if planned.max_held is None else max(1, planned.max_held // workers)
    order = replace(planned.order, side_by_side=min(SIDE_BY_SIDE, held))
    return [replace(order, groups=some) for some in _dealt(planned.ready, workers)]


def _dealt(groups: Sequence[Group], hands: int) -> list[tuple[Group, ...]]:
    """Deal groups out evenly, each to whoever has the fewest disks; a chain goes to one hand."""
    dealt: list[list[Group]] = [[] for _ in range(hands)]
    weights = [0] * hands
    for chain in chains(groups, lambda group: group.chain or group.id):
        least = weights.index(min(weights))
        dealt[least] += chain
        weights[least] += sum(len(group.disk_ids) for group in chain)
    return [tuple(some) for some in dealt if some]


def chains(items: Iterable[T], name: Callable[[T], str]) -> list[list[T]]:
    """Put together what has the same name, in the order of first appearance."""
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(name(item), []).append(item)
    return list(found.values())
