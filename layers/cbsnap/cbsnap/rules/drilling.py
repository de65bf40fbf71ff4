"""Which snapshots a drill tries, and when: the newest good run of a policy, disks of one host, one moment.

One group is drilled each time, the one whose last drill is longest ago, so that all have their turn.
All is told from names, labels and verdicts; how a drill is carried out is the jobs' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from cbsnap.errors import InputError
from cbsnap.model.policies import Grouping
from cbsnap.rules import schedule
from cbsnap.rules.groups import grouped
from cbsnap.rules.selection import selected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cbsnap.model.cloud import Disk
    from cbsnap.model.plan import Target
    from cbsnap.model.policies import Drilling, Policy
    from cbsnap.rules.ours import Ours

MOST_CLONES = 20  # data disks of an instance (362/5145)
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a drill tries: snapshots of one run and one host."""

    snapshots: tuple[Ours, ...]

    @property
    def run(self) -> str:
        """The run as leases name it."""
        name = self.snapshots[0].name
        return f"{name.policy}@{name.due:%Y%m%dT%H%MZ}"

    @property
    def size_gib(self) -> int:
        """What the clones add up to."""
        return sum(one.snapshot.size_gib for one in self.snapshots)


def place(targets: Sequence[Target], wanted: Drilling) -> Target | None:
    """Return where a policy is drilled; None where that cannot be told, or is not looked after.

    Of several accounts in one region it is our own, unless a role says whose.
    """
    there = [one for one in targets if wanted.region in (None, one.region)]
    only = there[0] if len(there) == 1 and wanted.role is None else None
    return next((one for one in there if one.role == wanted.role), only)


def last_due(policy: Policy, drilling: Drilling, now: datetime) -> datetime:
    """Return when a policy's drill was last due."""
    return schedule.latest_due(drilling.schedule, policy.time_zone, now)


def newest_run(policy: Policy, mine: Iterable[Ours], until: datetime) -> list[Ours]:
    """Return the proved snapshots of a policy's newest run due by then that disks can be made of.

    What an earlier drill has found broken is among them: a check that was wrong can be put right.
    """
    fit = [one for one in mine if one.name.policy == policy.name and _is_fit(one, policy)]
    runs: dict[tuple[datetime, str], list[Ours]] = {}
    for one in fit:
        if one.name.due <= until:
            runs.setdefault((one.name.due, one.name.digest or ""), []).append(one)
    return runs[max(runs)] if runs else []


def newest_drilled(policy: Policy, mine: Iterable[Ours]) -> list[Ours]:
    """Return the snapshots of a policy's newest drilled run that carry a verdict, copies left out."""
    drilled = [
        one for one in mine if one.name.policy == policy.name and one.verdict and not one.snapshot.copied
    ]
    latest = max((one.name.due for one in drilled), default=None)
    return sorted((one for one in drilled if one.name.due == latest), key=lambda one: one.name.disk_id)


def chosen(
    policy: Policy, drilling: Drilling, mine: Sequence[Ours], disks: Mapping[str, Disk], until: datetime
) -> Choice:
    """Return what a drill tries. Raises InputError with what is in the way."""
    run = newest_run(policy, mine, until)
    groups = sorted(_whole_groups(policy, run, disks), key=lambda group: _turn(group, mine))
    if not groups:
        raise InputError("drill", f"{policy.name} has no good run of data disks that is whole")
    smallest = min(groups, key=lambda group: group.size_gib)
    fitting = [
        one for one in groups if one.size_gib <= drilling.max_gib and len(one.snapshots) <= MOST_CLONES
    ]
    if not fitting:
        needs = f"{len(smallest.snapshots)} disks, {smallest.size_gib} GiB"
        raise InputError("drill.max_gib", f"needs {needs}; allowed are {MOST_CLONES}, {drilling.max_gib} GiB")
    return fitting[0]


def _is_fit(one: Ours, policy: Policy) -> bool:
    return one.proved(policy.good) and not one.snapshot.copied and one.snapshot.usage == "DATA_DISK"


def _whole_groups(policy: Policy, run: Iterable[Ours], disks: Mapping[str, Disk]) -> Iterator[Choice]:
    """Yield the run's groups, of one host each, of which no disk's snapshot is missing."""
    there = {one.name.disk_id: one for one in run}
    grouping = Grouping.DISK if policy.group is Grouping.DISK else Grouping.INSTANCE
    wanted = [one for one in selected(disks.values(), policy.select) if one.usage == "DATA_DISK"]
    known = {disk.id: disk for disk in wanted} | {one: disks[one] for one in there if one in disks}
    for group in grouped(known.values(), grouping):
        if there.keys() >= set(group.disk_ids):
            yield Choice(tuple(there[disk_id] for disk_id in group.disk_ids))
    yield from (Choice((one,)) for disk_id, one in sorted(there.items()) if disk_id not in disks)


def _turn(choice: Choice, mine: Iterable[Ours]) -> tuple[datetime, str]:
    """Return the sort key: when disks of this group were last drilled, by their run."""
    ids = {one.name.disk_id for one in choice.snapshots}
    policy = choice.snapshots[0].name.policy
    drilled = [
        one.name.due for one in mine if one.name.disk_id in ids and one.name.policy == policy and one.verdict
    ]
    return max(drilled, default=_NEVER), min(ids)
