"""Handing out: a tick's groups cut into batches, each with its share of the rate.

Batches are large, since a worker costs for as long as it runs, but small enough for an
asynchronous event and for a worker to end well inside its time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from cbsnap.rules import pacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from cbsnap.model import Batch, Group, Report
    from cbsnap.ports import Workers
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
        sent = [
            ({batch.runs[group.run] for group in batch.groups}, hands.submit(workers.dispatch, batch))
            for batch in cut
        ]
        return [
            replace(one.report, batches=tuple(each.result() for runs, each in sent if one.order.run in runs))
            for one in planned
        ]


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
