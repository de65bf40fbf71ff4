"""What a restore would do, decided before anything is done; what the cloud forbids is refused here.

Sources: ApplySnapshot rolls back the source disk only, and an attached one only while its instance
is stopped; CreateDisks takes snapshots of data disks only, at no smaller size (the SDK's models).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.errors import InputError
from cbsnap.model import NewDisk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cbsnap.model import Disk, Instance, Snapshot
    from cbsnap.rules.ours import Ours

AT_ONCE = 10  # disks of one AttachDisks call (SDK)
_AT_REST = ("ATTACHED", "UNATTACHED")


@dataclass(frozen=True, slots=True)
class Rollback:
    """A disk put back to one of its snapshots. `stop`: running instances that are stopped for it."""

    snapshot: Snapshot
    disk: Disk
    stop: tuple[str, ...] = ()
    start: bool = False

    def steps(self) -> Iterator[str]:
        """Yield what will be done, for a person to agree to."""
        taken = f"{self.snapshot.created_at:%Y-%m-%d %H:%M} UTC"
        yield f"take a safety snapshot of {self.disk.id} and wait for it"
        if self.stop:
            yield f"stop {', '.join(self.stop)}"
        yield f"roll {self.disk.id} back to {self.snapshot.id}, taken {taken}: what was written since is lost"
        if self.start:
            yield f"start {', '.join(self.stop)}"


@dataclass(frozen=True, slots=True)
class Clone:
    """New disks of snapshots, attached to an instance when there is one."""

    disks: tuple[NewDisk, ...]
    instance_id: str | None = None

    def steps(self) -> Iterator[str]:
        """Yield what will be done, for a person to agree to."""
        for disk in self.disks:
            yield f"make {disk.name}, {disk.size_gib} GiB {disk.type} in {disk.zone}, of {disk.snapshot_id}"
        if self.instance_id:
            yield f"attach {len(self.disks)} disks to {self.instance_id}"


@dataclass(frozen=True, slots=True)
class Wish:
    """How clones are wanted; what is None follows the source disk, or the instance's zone."""

    instance: Instance | None = None
    zone: str | None = None
    size_gib: int | None = None
    type: str | None = None


def rollback(  # noqa: PLR0913 - what is asked, and what is known
    snapshot: Snapshot,
    disk: Disk | None,
    instances: Iterable[Instance],
    snapshots: Iterable[Snapshot],
    *,
    stop: bool,
    start: bool,
) -> Rollback:
    """Return the plan to put a disk back. Raises InputError with what is in the way.

    `disk` is the snapshot's, None where it is gone; `snapshots` are all of that disk.
    """
    running = tuple(sorted(one.id for one in instances if one.state != "STOPPED"))
    _require_whole(snapshot)
    if snapshot.copied or disk is None:
        where = "it came from another region" if snapshot.copied else f"{snapshot.disk_id} is gone"
        raise InputError("snapshot", f"{snapshot.id} has no disk to be put back: {where}; clone it instead")
    if disk.state not in _AT_REST:
        raise InputError("disk", f"{disk.id} is {disk.state}: again when that has ended")
    if making := [one.id for one in snapshots if one.state == "CREATING"]:
        raise InputError("disk", f"{making[0]} of {disk.id} is still being made: again when it is NORMAL")
    if running and not stop:
        raise InputError("stop", f"{', '.join(running)} must be stopped: stop it, or let it be stopped")
    return Rollback(snapshot, disk, running, start and bool(running))


def clone(snapshots: Sequence[Snapshot], disks: Mapping[str, Disk], wish: Wish) -> Clone:
    """Return the plan to make disks of snapshots. Raises InputError with what is in the way."""
    made = tuple(_new_disk(one, disks.get(one.disk_id), wish) for one in snapshots)
    if wish.instance and (elsewhere := {disk.zone for disk in made} - {wish.instance.zone}):
        raise InputError("zone", f"{wish.instance.id} is in {wish.instance.zone}, not in {elsewhere.pop()}")
    return Clone(made, wish.instance.id if wish.instance else None)


def _new_disk(snapshot: Snapshot, source: Disk | None, wish: Wish) -> NewDisk:
    _require_whole(snapshot)
    if snapshot.usage != "DATA_DISK":
        raise InputError("snapshot", f"{snapshot.id} is of a system disk: make an image of it instead")
    size_gib = wish.size_gib or snapshot.size_gib
    if size_gib < snapshot.size_gib:
        raise InputError("size", f"{snapshot.id} needs {snapshot.size_gib} GiB at least, not {size_gib}")
    home = wish.instance.zone if wish.instance else source.zone if source else None
    zone = wish.zone or home
    disk_type = wish.type or (source.type if source else None)
    if not zone or not disk_type:
        lacking = "type" if zone else "zone"
        raise InputError(lacking, f"the disk of {snapshot.id} is not here to go by: say which {lacking}")
    return NewDisk(snapshot.id, f"restored-{snapshot.id}", zone, size_gib, disk_type)


def _require_whole(snapshot: Snapshot) -> None:
    if snapshot.state != "NORMAL":
        raise InputError("snapshot", f"{snapshot.id} is {snapshot.state}, not NORMAL")


def one_moment(snapshots: Iterable[Ours], disk_ids: Collection[str], until: datetime) -> list[Ours]:
    """Return the latest run, due by `until`, that has a whole snapshot of every one of these disks.

    Raises InputError naming the disks that keep the nearest run from being whole.
    """
    runs: dict[tuple[object, ...], dict[str, Ours]] = {}
    for one in snapshots:
        if one.name.disk_id in disk_ids and one.name.due <= until and one.snapshot.state == "NORMAL":
            run = (one.name.due, one.name.policy, one.name.digest or "")
            runs.setdefault(run, {})[one.name.disk_id] = one
    whole = [run for run, disks in runs.items() if disks.keys() >= set(disk_ids)]
    if whole:
        return [one for _, one in sorted(runs[max(whole)].items())]
    nearest = max(runs, default=None)
    absent = sorted(set(disk_ids) - (runs[nearest].keys() if nearest else set()))
    raise InputError(
        "as_of", f"no run by {until:%Y-%m-%d %H:%M} UTC has all disks; none of {', '.join(absent)}"
    )
