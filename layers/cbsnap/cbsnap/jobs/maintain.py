"""One pass over all regions: what was taken is looked after, step by step.

A step that fails is reported and does not keep the others from their work, nor one region another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from cbsnap.errors import CloudError
from cbsnap.jobs import coverage, tell
from cbsnap.jobs.follow import follow
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.prune import prune
from cbsnap.upkeep import Change, Finding, Upkeep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from cbsnap.model import Plan, Target
    from cbsnap.ports import Clock, Clouds, Journals, Lifecycles, Memory, Notifier
    from cbsnap.rules.coverage import Coverage
    from cbsnap.upkeep import Note

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Means:
    """What a pass works with."""

    clouds: Clouds
    lifecycles: Lifecycles
    journals: Journals
    clock: Clock
    notifier: Notifier
    memory: Memory


def maintain(plan: Plan, means: Means) -> list[Upkeep]:
    """Look after every target of the plan, and tell; returns what each came to."""
    passes = [_target(plan, means, target) for target in plan.targets]
    untold = [
        *tell.tell(plan, passes, means.notifier, means.memory),
        *tell.beat(plan, passes, means.notifier),
    ]
    return [*passes, Upkeep("notify", error="; ".join(untold))] if untold else passes


def _target(plan: Plan, means: Means, target: Target) -> Upkeep:
    try:
        inventory = Inventory(means.clouds.at(target), plan.deployment)
    except CloudError as failed:
        return Upkeep(str(target), error=f"the region cannot be read: {failed}")
    now = means.clock.now()
    standing: list[Coverage] = []
    steps = {
        "follow": follow(plan, inventory, means.journals, now),
        "prune": prune(plan, inventory, means.lifecycles.at(target), now),
        "coverage": _covered(plan, inventory, now, standing),
    }
    told = _gone_through(str(target), steps)
    return replace(told, standings=Counter(entry.standing.value for entry in standing))


def _covered(plan: Plan, inventory: Inventory, now: datetime, standing: list[Coverage]) -> Iterator[Note]:
    """Yield the gaps; `standing` is filled with how every disk stands."""
    standing += coverage.cover(plan, inventory, now)
    yield from coverage.gaps(standing)
    yield from coverage.scarcity(plan, inventory)


def _gone_through(region: str, steps: dict[str, Iterator[Note]]) -> Upkeep:
    notes: list[Note] = []
    errors: list[str] = []
    for name, step in steps.items():
        try:
            notes.extend(step)
        except CloudError as failed:
            errors.append(f"{name}: {failed}")
    return Upkeep(region, _only(notes, Change), _only(notes, Finding), error="; ".join(errors))


def _only(notes: Iterable[Note], kind: type[T]) -> tuple[T, ...]:
    return tuple(note for note in notes if isinstance(note, kind))
