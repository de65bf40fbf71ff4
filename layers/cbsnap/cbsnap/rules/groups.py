"""Which disks are taken at the same moment.

Decides the groups of one region's disks; how a group is taken is the bracket's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.model import Group, Grouping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cbsnap.model import Disk


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


def _group_id(disk: Disk, grouping: Grouping, tag: str | None) -> str:
    if grouping is Grouping.INSTANCE and disk.instance_ids:
        return min(disk.instance_ids)
    if grouping is Grouping.TAG and tag is not None and tag in disk.tags:
        return f"{tag}={disk.tags[tag]}"
    return ALL if grouping is Grouping.ALL else disk.id
