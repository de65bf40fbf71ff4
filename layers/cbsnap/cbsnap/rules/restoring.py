"""What a restore would do, decided before anything is done; what the cloud forbids is refused here.

Sources (the SDK's models): ApplySnapshot rolls back the source disk only, from a snapshot that is
NORMAL; CreateDisks takes snapshots of data disks only, at no smaller size. What a person should know
before agreeing is said by `cautions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from cbsnap.errors import InputError
from cbsnap.model.cloud import NewDisk
from cbsnap.restoration import Clone, Rollback
from cbsnap.rules.restored import AT_REST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cbsnap.model.cloud import Disk, Instance, Snapshot
    from cbsnap.rules.ours import Ours

DATA_DISKS = 20  # of one instance (362/5145)
SAFETY_DAYS = 14
# What CreateDisks takes (SDK); CLOUD_TSSD is sold with an instance only.
TYPES = ("CLOUD_PREMIUM", "CLOUD_BSSD", "CLOUD_SSD", "CLOUD_HSSD")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be done, and what a person should know; `confirm` stands for all of it.

    `before`: the safety snapshots of earlier rollbacks of the disk, so that each has its own agreement.
    """

    act: Rollback | Clone
    steps: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    before: tuple[str, ...] = ()

    @property
    def confirm(self) -> str:
        """The digest that a person agrees with: another plan has another one."""
        return sha256(repr((self.act, self.steps, self.warnings, self.before)).encode()).hexdigest()[:16]

    @property
    def disk_id(self) -> str | None:
        """The disk that would be overwritten, whose id has to be typed; None when none is."""
        return self.act.disk_id if isinstance(self.act, Rollback) else None


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rollback is judged by: the snapshot and its disk, each None where it is gone.

    `instances` are those that the disk is attached to, `siblings` all snapshots of the disk.
    """

    snapshot: Snapshot | None
    disk: Disk | None
    instances: Sequence[Instance]
    siblings: Sequence[Snapshot]

    @property
    def running(self) -> tuple[str, ...]:
        """The instances that are not stopped."""
        return tuple(sorted(one.id for one in self.instances if one.state != "STOPPED"))


@dataclass(frozen=True, slots=True)
class Wish:
    """How clones are wanted; what is None follows the source disk, or the instance's zone."""

    instance: Instance | None = None
    zone: str | None = None
    size_gib: int | None = None
    type: str | None = None
    purpose: str = "restored"


def rollback(scene: Scene, *, stop: bool, start: bool) -> Rollback:
    """Return what putting a disk back comes to. Raises InputError with what is in the way."""
    snapshot, disk = _with_its_disk(scene)
    if disk.state not in AT_REST or disk.rolling_back:
        raise InputError("snapshot_id", f"{disk.id} is {disk.state}: again when that has ended")
    if making := [one.id for one in scene.siblings if one.state == "CREATING"]:
        raise InputError(
            "snapshot_id", f"{making[0]} of {disk.id} is still being made: again when it is NORMAL"
        )
    if scene.running and not stop:
        running = ", ".join(scene.running)
        raise InputError("stop", f"{running} must be stopped: stop it, or let it be stopped")
    if start and not stop:
        raise InputError("start", "only what is stopped for it is started again: set stop, too")
    return Rollback(snapshot.id, disk.id, disk.instance_ids, scene.running, start and bool(scene.running))


def _with_its_disk(scene: Scene) -> tuple[Snapshot, Disk]:
    snapshot, disk = scene.snapshot, scene.disk
    if snapshot is None:
        raise InputError("snapshot_id", "there is no such snapshot in this region")
    _require_whole(snapshot, "snapshot_id")
    if snapshot.copied or disk is None:
        where = "it came from another region" if snapshot.copied else f"{snapshot.disk_id} is gone"
        raise InputError(
            "snapshot_id", f"{snapshot.id} has no disk to be put back: {where}; clone it instead"
        )
    return snapshot, disk


def obstacle(act: Rollback, scene: Scene, safety: Snapshot | None) -> str:
    """Return the code of what has changed since the plan was shown, empty if the rollback may be sent."""
    return next(_obstacles(act, scene, safety), "")


def _obstacles(act: Rollback, scene: Scene, safety: Snapshot | None) -> Iterator[str]:
    disk = scene.disk
    if disk is None:
        yield "DiskGone"
        return
    if scene.snapshot is None or any(one and one.state != "NORMAL" for one in (scene.snapshot, safety)):
        yield "SnapshotChanged"
    if disk.state not in AT_REST or disk.rolling_back:
        yield "DiskChanged"
    if disk.instance_ids != act.instance_ids:
        yield "DiskMoved"
    if not set(scene.running) <= set(act.stop):
        yield "InstanceRunning"


def rollback_steps(act: Rollback, taken: datetime) -> Iterator[str]:
    """Yield what a rollback does, for a person to agree to."""
    yield f"take a safety snapshot of {act.disk_id}, wait until it is NORMAL, and keep it {SAFETY_DAYS} days"
    if act.stop:
        yield f"stop {', '.join(act.stop)}"
    yield (
        f"roll {act.disk_id} back to {act.snapshot_id}, taken {taken:%Y-%m-%d %H:%M} UTC: "
        "what was written since is lost"
    )
    if act.start:
        yield f"start {', '.join(act.stop)}"


def clone(snapshots: Sequence[Snapshot], disks: Mapping[str, Disk], wish: Wish) -> Clone:
    """Return what making disks comes to; `disks` are the region's. Raises InputError, as above."""
    made = tuple(_new_disk(one, disks.get(one.disk_id), wish) for one in snapshots)
    if wish.instance is not None:
        _require_room(wish.instance, made, disks.values())
    return Clone(made, wish.instance.id if wish.instance else None, wish.purpose)


def clone_steps(act: Clone) -> Iterator[str]:
    """Yield what a clone does, for a person to agree to."""
    for disk in act.disks:
        yield (
            f"make a disk of {disk.snapshot_id}: {disk.size_gib} GiB {disk.type} in {disk.zone}, "
            "paid by the hour until it is given back"
        )
    if act.instance_id:
        yield f"attach {len(act.disks)} disk{'s' * (len(act.disks) > 1)} to {act.instance_id}"


def _new_disk(snapshot: Snapshot, source: Disk | None, wish: Wish) -> NewDisk:
    _require_whole(snapshot, "snapshot_ids")
    if snapshot.usage != "DATA_DISK":
        raise InputError(
            "snapshot_ids", f"{snapshot.id} is of a system disk: make an image of it in the console instead"
        )
    size_gib = wish.size_gib or snapshot.size_gib
    if size_gib < snapshot.size_gib:
        raise InputError("size_gib", f"{snapshot.id} needs {snapshot.size_gib} GiB at least, not {size_gib}")
    return NewDisk(snapshot.id, _zone(snapshot, source, wish), size_gib, _type(snapshot, source, wish))


def _zone(snapshot: Snapshot, source: Disk | None, wish: Wish) -> str:
    home = wish.instance.zone if wish.instance else source.zone if source else None
    zone = wish.zone or home
    if not zone:
        raise InputError("zone", f"the disk of {snapshot.id} is not here to go by: say which zone")
    if not zone.startswith(f"{snapshot.region}-"):
        raise InputError("zone", f"{snapshot.id} lies in {snapshot.region}, which has no zone {zone}")
    return zone


def _type(snapshot: Snapshot, source: Disk | None, wish: Wish) -> str:
    disk_type = wish.type or (source.type if source else None)
    if not disk_type:
        raise InputError("type", f"the disk of {snapshot.id} is not here to go by: say which type")
    if disk_type not in TYPES:
        raise InputError("type", f"{disk_type} cannot be made of a snapshot: use one of {', '.join(TYPES)}")
    return disk_type


def _require_room(instance: Instance, made: Sequence[NewDisk], disks: Iterable[Disk]) -> None:
    if elsewhere := {disk.zone for disk in made} - {instance.zone}:
        raise InputError("zone", f"{instance.id} is in {instance.zone}, not in {elsewhere.pop()}")
    held = sum(instance.id in disk.instance_ids and disk.usage == "DATA_DISK" for disk in disks)
    if held + len(made) > DATA_DISKS:
        raise InputError(
            "attach_to", f"{instance.id} has {held} of {DATA_DISKS} data disks: no room for {len(made)} more"
        )


def _require_whole(snapshot: Snapshot, field: str) -> None:
    if snapshot.state != "NORMAL":
        raise InputError(field, f"{snapshot.id} is {snapshot.state}, not NORMAL")


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
