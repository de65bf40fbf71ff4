"""Which disks are taken at the same moment.

Decides the groups of one region's disks; how a group is taken is the bracket's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cbsnap.model.policies import Grouping
from cbsnap.model.runs import Group

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from cbsnap.model.cloud import Disk

T = TypeVar("T")


ALL = "all"


def grouped(disks: Iterable[Disk], grouping: Grouping, tag: str | None = None) -> list[Group]:
    """Return the groups, by id, each with its disks by id; whatever order the disks come in.

    `tag` is the key by whose value disks are grouped, for Grouping.TAG. A disk that has no instance,
    or not that tag, is a group of its own. A disk on several instances goes with the first by id.
    """
    groups: dict[str, list[str]] = {}
    for disk in disks:
        groups.setdefault(_group_id(disk, grouping, tag), []).append(disk.id)
    return [Group(group_id, tuple(sorted(groups[group_id]))) for group_id in sorted(groups)]


def connected(items: Iterable[T], marks: Callable[[T], Sequence[str]]) -> list[list[T]]:
    """Put together what shares a mark, also by way of others, in the order given; each has one at least."""
    leads_to: dict[str, str] = {}

    def end(mark: str) -> str:
        while (further := leads_to.setdefault(mark, mark)) != mark:
            leads_to[mark] = mark = leads_to[further]
        return mark

    every = [(item, marks(item)) for item in items]
    for _, (first, *others) in every:
        for other in others:
            leads_to[end(other)] = end(first)
    lots: dict[str, list[T]] = {}
    for item, (first, *_) in every:
        lots.setdefault(end(first), []).append(item)
    return list(lots.values())


def united(groups: Iterable[Group], sets: Sequence[Collection[str]]) -> list[Group]:
    """Make one group of those that hold disks of the same set: a database or a filesystem on several disks.

    Such a group's id names all of its parts. Groups of several runs may have the same id.
    """

    def marks(group: Group) -> list[str]:
        shared = [f"set {place}" for place, some in enumerate(sets) if set(some) & set(group.disk_ids)]
        return [f"{group.run} {group.id}", *shared]

    return [_one_of(some) for some in connected(groups, marks)]


def _one_of(groups: Sequence[Group]) -> Group:
    if len(groups) == 1:
        return groups[0]
    return Group(
        id="+".join(sorted(group.id for group in groups)),
        disk_ids=tuple(sorted(one for group in groups for one in group.disk_ids)),
        chain=max(group.chain for group in groups),
    )


def _group_id(disk: Disk, grouping: Grouping, tag: str | None) -> str:
    if grouping is Grouping.INSTANCE and disk.instance_ids:
        return min(disk.instance_ids)
    if grouping is Grouping.TAG and tag is not None and tag in disk.tags:
        return f"{tag}={disk.tags[tag]}"
    return ALL if grouping is Grouping.ALL else disk.id
