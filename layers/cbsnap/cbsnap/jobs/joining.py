"""Groups that meet on a host go to one worker, whatever policy they are of: the host is leased once for all.

Policies join that hold hosts in the very same way. The one whose window closes first leads, since
its window is the batch's. One that bounds how many hosts it holds, or takes a cluster's members one
after the other, joins no other: its own worker counts them. Groups that were taken earlier go along
with what is left on their hosts, since the host may hold all of them together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cbsnap.rules.groups import connected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cbsnap.jobs.handing import Planned
    from cbsnap.model.cloud import Disk
    from cbsnap.model.runs import Group


@dataclass(frozen=True, slots=True)
class _Part:
    """One group and whose it is, by the policy's place; not `ready` is one that was taken earlier."""

    owner: int
    group: Group
    ready: bool


def joined(planned: Sequence[Planned], disks: Mapping[str, Disk]) -> list[Planned]:
    """Return the same, with groups moved to whoever leads on their hosts, and chained where they meet."""
    dealt: list[list[_Part]] = [[] for _ in planned]
    for holding in _alike(planned):
        for lot in _lots(planned, holding, disks):
            for leader, parts in _led(lot, planned):
                dealt[leader] += _chained(parts, disks)
    return [
        one if one.order.quiesce is None else _with(one, parts, planned)
        for one, parts in zip(planned, dealt, strict=True)
    ]


def _alike(planned: Sequence[Planned]) -> list[list[int]]:
    """Return the places of policies that hold hosts in the same way."""
    ways: dict[object, list[int]] = {}
    for place, one in enumerate(planned):
        if one.order.quiesce is not None:
            ways.setdefault(one.order.quiesce, []).append(place)
    return list(ways.values())


def _lots(planned: Sequence[Planned], places: Sequence[int], disks: Mapping[str, Disk]) -> list[list[_Part]]:
    """Return the groups that meet on a host, lot by lot, where there is anything to take."""
    parts = [_Part(place, group, ready=True) for place in places for group in planned[place].ready]
    hosts = {one for part in parts for one in _instances(part.group, disks)}
    parts += [
        _Part(place, group, ready=False)
        for place in places
        for group in planned[place].done
        if not hosts.isdisjoint(_instances(group, disks))
    ]

    def marks(part: _Part) -> list[str]:
        return [f"{part.owner} {part.group.id}", *_instances(part.group, disks)]

    return [lot for lot in connected(parts, marks) if any(part.ready for part in lot)]


def _led(lot: Sequence[_Part], planned: Sequence[Planned]) -> Iterator[tuple[int, list[_Part]]]:
    """Part a lot among those who take it: all goes to the leader but what is of policies that cannot join."""
    owners = sorted({part.owner for part in lot if part.ready}, key=lambda one: planned[one].order.not_after)
    leader = owners[0]
    apart = [one for one in owners[1:] if planned[one].bounded]
    yield leader, _each_disk_once([part for part in lot if part.owner not in apart])
    for owner in apart:
        yield owner, [part for part in lot if part.owner == owner]


def _each_disk_once(parts: Sequence[_Part]) -> list[_Part]:
    """Leave out of what was taken earlier the disks that another policy takes now."""
    now = {disk_id for part in parts if part.ready for disk_id in part.group.disk_ids}
    found = [part for part in parts if part.ready]
    for part in parts:
        rest = tuple(one for one in part.group.disk_ids if one not in now)
        if not part.ready and rest:
            now.update(rest)
            found.append(replace(part, group=replace(part.group, disk_ids=rest)))
    return found


def _chained(parts: Sequence[_Part], disks: Mapping[str, Disk]) -> list[_Part]:
    """Let groups that meet on a host be taken together or one after the other, by one worker."""
    if len(parts) == 1:
        return list(parts)
    chain = max(part.group.chain for part in parts) or min(
        one for part in parts for one in _instances(part.group, disks)
    )
    return [replace(part, group=replace(part.group, chain=chain)) for part in parts]


def _with(own: Planned, parts: Sequence[_Part], planned: Sequence[Planned]) -> Planned:
    """Return a policy's part with these groups, each with the place of its run."""
    runs = [own.order.run]
    groups = []
    for part in parts:
        run = planned[part.owner].order.run
        if run not in runs:
            runs.append(run)
        groups.append(replace(part.group, run=runs.index(run)))
    return replace(own, order=replace(own.order, beside=tuple(runs[1:])), ready=tuple(groups), done=())


def _instances(group: Group, disks: Mapping[str, Disk]) -> list[str]:
    return [one for disk_id in group.disk_ids for one in disks[disk_id].instance_ids]
