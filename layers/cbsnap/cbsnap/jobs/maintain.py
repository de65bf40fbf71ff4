"""One pass over all regions: what was taken is looked after, step by step.

A step that fails is reported and does not keep the others from their work, nor one region another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import coverage, drill, tell
from cbsnap.jobs.asking import asked
from cbsnap.jobs.copying import copied, copies_taken_over
from cbsnap.jobs.follow import follow
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.prune import prune
from cbsnap.jobs.sharing import shared
from cbsnap.jobs.waking import woken
from cbsnap.upkeep import Change, Finding, Upkeep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.jobs.trying import Bench
    from cbsnap.model.plan import Plan, Target
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.cloud import Clouds
    from cbsnap.ports.functions import Settlers
    from cbsnap.ports.hosts import Journals
    from cbsnap.ports.lifecycle import Lifecycles
    from cbsnap.ports.telling import Memory, Notifier
    from cbsnap.rules.coverage import Coverage
    from cbsnap.upkeep import Note


@dataclass(frozen=True, slots=True)
class Means:
    """What a pass works with.

    `journals` gives the way to a target's hosts, `bench` its means of drilling until a monotonic second.
    """

    clouds: Clouds
    lifecycles: Lifecycles
    journals: Callable[[Target], Journals]
    settlers: Settlers
    clock: Clock
    notifier: Notifier
    memory: Memory
    bench: Callable[[Target, float], Bench]


def maintain(plan: Plan, means: Means) -> list[Upkeep]:
    """Look after every target of the plan and where it copies to, and tell; returns what each came to."""
    began = means.clock.now()
    places = [_Place(plan, means, target, home=True) for target in plan.targets]
    places += [_Place(plan, means, target, home=False) for target in _elsewhere(plan)]
    for there in places:
        there.go_through("copies", _copies(plan, there, places))
    for place in places:
        place.look_after(places)
    until_s = means.clock.monotonic() + drill.PATIENCE_S
    for place in places:
        place.drill(until_s)
    passes = [place.upkeep() for place in places]
    untold = [
        *tell.tell(plan, passes, means.notifier, means.memory, began),
        *tell.beat(plan, passes, means.notifier),
    ]
    return [*passes, Upkeep("notify", error="; ".join(untold))] if untold else passes


def _elsewhere(plan: Plan) -> list[Target]:
    """Return the regions that are only copied to, each in the account that it is copied in."""
    regions = dict.fromkeys(copy.region for policy in plan.policies for copy in policy.copy)
    wanted = [replace(target, region=region, worker=None) for target in plan.targets for region in regions]
    own = {(target.region, target.role) for target in plan.targets}
    return [one for one in dict.fromkeys(wanted) if (one.region, one.role) not in own]


class _Place:
    """One region of one account in this pass, and what has come of it so far."""

    def __init__(self, plan: Plan, means: Means, target: Target, *, home: bool) -> None:
        self.target = target
        self.inventory: Inventory | None = None
        self._plan = plan
        self._means = means
        self._is_home = home
        self._notes: list[Note] = []
        self._errors: list[str] = []
        self._standing: list[Coverage] = []
        try:
            self.inventory = Inventory(means.clouds.at(target), plan.deployment)
        except CloudError as failed:
            self._errors.append(f"the region cannot be read: {failed}")

    def look_after(self, places: Sequence[_Place]) -> None:
        """Go through all steps; what one writes the next ones see."""
        if (here := self.inventory) is None:
            return
        plan, means, now = self._plan, self._means, self._means.clock.now()
        lifecycle = means.lifecycles.at(self.target)
        self.go_through("start", woken(plan, here, now))
        if self.target.worker:
            self.go_through("settle", asked(self.target, here, means.settlers, now))
        journals = None if self.target.worker else means.journals(self.target)
        self.go_through("follow", follow(plan, here, journals, now))
        for there in self._copied_to(places):
            self.go_through("copy", copied(plan, here, there, lifecycle))
        self.go_through("share", shared(plan, here, lifecycle, now))
        self.go_through("prune", prune(plan, here, lifecycle, now))
        if self._is_home:
            self.go_through("coverage", self._covered(here, now))

    def drill(self, until_s: float) -> None:
        """Try snapshots of the disks that are looked after here; last, because it takes its time."""
        if self.inventory and self._is_home:
            bench = self._means.bench(self.target, until_s)
            self.go_through("drill", drill.drilled(self._plan, self.inventory, bench))

    def go_through(self, name: str, step: Iterator[Note]) -> None:
        """Keep what a step tells, up to its failure."""
        try:
            for note in step:
                self._notes.append(note)
        except CloudError as failed:
            self._errors.append(f"{name}: {failed}")

    def upkeep(self) -> Upkeep:
        """Return what the pass came to here."""
        return Upkeep(
            str(self.target),
            tuple(note for note in self._notes if isinstance(note, Change)),
            tuple(note for note in self._notes if isinstance(note, Finding)),
            Counter(entry.standing.value for entry in self._standing),
            "; ".join(self._errors),
        )

    def _copied_to(self, places: Sequence[_Place]) -> Iterator[Inventory]:
        """Yield the same account's regions, if disks are looked after here; its own needs no copy."""
        for place in places if self._is_home else ():
            if place.inventory and place.target.role == self.target.role:
                yield place.inventory

    def _covered(self, here: Inventory, now: datetime) -> Iterator[Note]:
        self._standing = coverage.cover(self._plan, here, now)
        yield from coverage.gaps(self._plan, self._standing, now)
        yield from coverage.scarcity(self._plan, here)


def _copies(plan: Plan, there: _Place, places: Sequence[_Place]) -> Iterator[Note]:
    homes = [
        place.inventory for place in places if place.inventory and place.target.role == there.target.role
    ]
    if there.inventory:
        yield from copies_taken_over(plan, there.inventory, homes)
