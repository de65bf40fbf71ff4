"""Which disks a policy means.

Decides by what the cloud says of a disk; whether it can be taken now is `fitness`'s question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.rules.clones import is_clone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbsnap.model.cloud import Disk
    from cbsnap.model.policies import Selection


def selected(disks: Iterable[Disk], selection: Selection) -> list[Disk]:
    """Return the disks that meet every condition given and not every one of `exclude`, as ordered.

    The clones of drills are nobody's: they are gone before they would be due.
    """
    return [disk for disk in disks if _meets(disk, selection) and not is_clone(disk)]


def described(selection: Selection) -> str:
    """Return the conditions as a person would say them."""
    parts = [
        *(f"{key} is {' or '.join(sorted(values))}" for key, values in sorted(selection.tags.items())),
        *(_listed("disk", selection.disks)),
        *(_listed("attached to", selection.instances)),
        *(_listed("zone", selection.zones)),
        *([f"usage {selection.usage}"] if selection.usage else []),
        *([] if selection.attached is None else ["attached" if selection.attached else "not attached"]),
    ]
    said = ", ".join(parts) or "every disk"
    return said if selection.exclude is None else f"{said}; but not: {described(selection.exclude)}"


def _listed(what: str, values: Iterable[str]) -> list[str]:
    names = sorted(values)
    return [f"{what} {' or '.join(names)}"] if names else []


def _meets(disk: Disk, selection: Selection) -> bool:
    excluded = selection.exclude is not None and _meets(disk, selection.exclude)
    return not excluded and all(_conditions(disk, selection))


def _conditions(disk: Disk, selection: Selection) -> Iterator[bool]:
    yield not selection.disks or disk.id in selection.disks
    yield not selection.instances or not selection.instances.isdisjoint(disk.instance_ids)
    yield not selection.zones or disk.zone in selection.zones
    yield selection.usage in (None, disk.usage)
    yield selection.attached in (None, bool(disk.instance_ids))
    yield all(disk.tags.get(key) in values for key, values in selection.tags.items())
