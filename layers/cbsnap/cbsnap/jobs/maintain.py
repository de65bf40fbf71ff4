"""One pass over all regions: what was taken is looked after, step by step.

A step that fails is reported and does not keep the others from their work, nor one region another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cbsnap.errors import CloudError
from cbsnap.jobs.follow import follow
from cbsnap.jobs.inventory import Inventory
from cbsnap.upkeep import Change, Finding, Upkeep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbsnap.model import Plan, Target
    from cbsnap.ports import Clock, Clouds, Journals
    from cbsnap.upkeep import Note

T = TypeVar("T")


def maintain(plan: Plan, clouds: Clouds, journals: Journals, clock: Clock) -> list[Upkeep]:
    """Look after every region of the plan; returns what each came to."""
    return [_region(plan, clouds, journals, clock, target) for target in plan.targets]


def _region(plan: Plan, clouds: Clouds, journals: Journals, clock: Clock, target: Target) -> Upkeep:
    try:
        inventory = Inventory(clouds.at(target), plan.deployment)
    except CloudError as failed:
        return Upkeep(str(target), error=f"the region cannot be read: {failed}")
    steps = {"follow": follow(plan, inventory, journals, clock.now())}
    return _gone_through(str(target), steps)


def _gone_through(region: str, steps: dict[str, Iterator[Note]]) -> Upkeep:
    notes: list[Note] = []
    errors: list[str] = []
    for name, step in steps.items():
        try:
            notes.extend(step)
        except CloudError as failed:
            errors.append(f"{name}: {failed}")
    return Upkeep(region, _only(notes, Change), _only(notes, Finding), "; ".join(errors))


def _only(notes: Iterable[Note], kind: type[T]) -> tuple[T, ...]:
    return tuple(note for note in notes if isinstance(note, kind))
