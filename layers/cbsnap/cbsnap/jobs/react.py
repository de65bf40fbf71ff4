"""What is done about events: rules are looked up, disks chosen, and their policies' runs begun.

Decides which disks an event is about and what is left out, with the reason. The event's id is the
run's key, so that a second delivery makes nothing new; groups, quota and batches are `plan`'s
business, and a disk that has been taken not long ago is spared there and again by the worker.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, InputError
from cbsnap.jobs import handing
from cbsnap.jobs.plan import Asked, planned
from cbsnap.jobs.request import PATIENCE_S
from cbsnap.model.events import Reaction
from cbsnap.model.policies import Selection
from cbsnap.model.runs import Decision, Report, Run
from cbsnap.rules import eventrules
from cbsnap.rules.selection import selected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.model.cloud import Disk
    from cbsnap.model.events import Happening
    from cbsnap.model.plan import EventRule, Plan, Target
    from cbsnap.model.policies import Policy
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.cloud import Clouds
    from cbsnap.ports.functions import Workers
    from cbsnap.ports.lifecycle import Lifecycles


@dataclass(frozen=True, slots=True)
class Means:
    """What reacting needs. `region` is the function's own, `own` tells our role's id and our key's."""

    clouds: Clouds
    lifecycles: Lifecycles
    workers: Workers
    clock: Clock
    region: str
    own: Callable[[], tuple[str, str]]


def react(arrived: Iterable[Happening | InputError], plan: Plan, means: Means) -> list[Reaction]:
    """Deal with each event by itself, in order; returns a reaction for each, and for each rule it meets."""
    invocation = _Invocation(plan, means)
    return [reaction for one in arrived for reaction in invocation.reactions(one)]


@dataclass
class _Invocation:
    """One batch of events. `seen` and `taken` are what cannot be read from the cloud yet."""

    plan: Plan
    means: Means
    seen: set[str] = field(default_factory=set)
    taken: set[tuple[str, str]] = field(default_factory=set)

    def reactions(self, arrived: Happening | InputError) -> Iterator[Reaction]:
        if isinstance(arrived, InputError):
            yield Reaction(arrived.field, mistake=str(arrived))
            return
        told = Reaction(arrived.id, arrived.type, arrived.subject)
        rules = [rule for rule in self.plan.events if eventrules.meets(arrived, rule)]
        if arrived.id in self.seen:
            yield replace(told, skipped=("it stands in this batch twice",))
        elif not rules:
            yield replace(told, skipped=("no rule of the policy file's events matches",))
        else:
            self.seen.add(arrived.id)
            yield from (self._under(rule, arrived, replace(told, rule=rule.name)) for rule in rules)

    def _under(self, rule: EventRule, happening: Happening, told: Reaction) -> Reaction:
        region = rule.region or happening.region or self.means.region
        targets = [target for target in self.plan.targets if target.region == region]
        try:
            if not targets:
                known = ", ".join(dict.fromkeys(target.region for target in self.plan.targets))
                return replace(told, skipped=(f"{region} is not looked after; the policy file has {known}",))
            if happening.actor and (ours := eventrules.caused_by_us(happening, *self.means.own())):
                return replace(told, skipped=(f"we caused it ourselves: {ours}",))
            begun = _Begun(rule, happening, self)
            for target in targets:
                begun.at(target)
            return replace(told, reports=tuple(begun.reports), skipped=tuple(begun.left_out()))
        except CloudError as failed:
            return replace(told, reports=(Report(f"event#{happening.id}", region, error=str(failed)),))


@dataclass
class _Begun:
    """The runs of one event under one rule, target by target."""

    rule: EventRule
    happening: Happening
    invocation: _Invocation
    reports: list[Report] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)

    def at(self, target: Target) -> None:
        """Begin the runs in one target."""
        means, plan = self.invocation.means, self.invocation.plan
        now = means.clock.now()
        due = min(self.happening.time or now, now).replace(second=0, microsecond=0)
        for policy, disks in self._chosen(means.clouds.at(target).disks()):
            if reason := _not_now(policy, disks, due, now):
                self.skipped.append(f"{policy.name}: {reason}")
                continue
            chosen = replace(policy, select=Selection(disks=frozenset(self._untaken(policy, disks))))
            if chosen.select.disks:
                run = Run(policy.name, due, self.happening.id)
                asked = Asked(
                    plan,
                    [(chosen, run)],
                    target,
                    now,
                    at_once=True,
                    apart=self.rule.apart,
                    patience_s=PATIENCE_S,
                )
                self._note(policy, self._handed_out(asked))

    def _handed_out(self, asked: Asked) -> list[Report]:
        means = self.invocation.means
        return planned(
            asked,
            means.clouds,
            means.lifecycles,
            lambda parts: handing.hand_out(parts, means.workers, asked.now),
        )

    def left_out(self) -> list[str]:
        """Return what was skipped, with what the event names and no target has."""
        disk_ids, instance_ids = eventrules.named(self.happening, self.rule.disks)
        if self.rule.disks and not (disk_ids or instance_ids):
            return [*self.skipped, f"it names no disk and no instance in {', '.join(self.rule.disks)}"]
        unknown = [one for one in (*disk_ids, *instance_ids) if one not in self.known]
        return [*self.skipped, *(f"no disk of the region is {one}, or on it" for one in unknown)]

    def _chosen(self, disks: Sequence[Disk]) -> Iterator[tuple[Policy, list[Disk]]]:
        """Yield policies with their disks: all, or those that the event names, each under one policy."""
        policies = [one for one in self.invocation.plan.policies if self.rule.policy in {None, one.name}]
        if not self.rule.disks:
            yield from ((policy, selected(disks, policy.select)) for policy in policies)
            return
        open_ones = self._named(disks)
        for policy in policies:
            if mine := selected(open_ones, policy.select):
                open_ones = [disk for disk in open_ones if disk not in mine]
                yield policy, mine
        reason = f"{self.rule.policy} does not select it" if self.rule.policy else "no policy selects it"
        self.skipped += [f"{disk.id}: {reason}" for disk in open_ones]

    def _named(self, disks: Sequence[Disk]) -> list[Disk]:
        disk_ids, instance_ids = map(set, eventrules.named(self.happening, self.rule.disks))
        found = [disk for disk in disks if disk.id in disk_ids or instance_ids & {*disk.instance_ids}]
        self.known.update(one for disk in found for one in (disk.id, *disk.instance_ids))
        return found

    def _untaken(self, policy: Policy, disks: Sequence[Disk]) -> list[str]:
        """Return the disks that no earlier event of this batch has handed out."""
        twice = [disk.id for disk in disks if (policy.name, disk.id) in self.invocation.taken]
        self.skipped += [f"{disk_id}: an earlier event of this batch takes it" for disk_id in twice]
        return [disk.id for disk in disks if disk.id not in twice]

    def _note(self, policy: Policy, reports: Sequence[Report]) -> None:
        self.reports += reports
        self.invocation.taken.update(
            (policy.name, outcome.disk_id)
            for report in reports
            for outcome in report.outcomes
            if outcome.decision is Decision.DISPATCHED
        )


def _not_now(policy: Policy, disks: Sequence[Disk], due: datetime, now: datetime) -> str:
    """Say why a policy takes nothing for an event, or nothing."""
    if not disks:
        return "it selects no disk there"
    if policy.paused:
        return "it is paused"
    late = now - due
    return f"the event is {late} old, its window is {policy.window}" if late > policy.window else ""
