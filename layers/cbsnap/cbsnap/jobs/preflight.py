"""What is known before anything is locked: disks, their instances, and what is there already.

Read once for a handful of groups, since snapshots are listed by ten disks a call. Decides
which disks of a group are still to be taken; leaves quiescing and creating to `group`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cbsnap.model import Decision, Disk, Instance, Outcome, Snapshot
from cbsnap.rules import names
from cbsnap.rules.fitness import unfit
from cbsnap.rules.ours import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbsnap.model import Batch, Group
    from cbsnap.ports import Cloud

RECYCLED = "TORECYCLE"  # on its way out: as good as gone


@dataclass(frozen=True, slots=True)
class Facts:
    """Disks, instances and snapshots as they were read, by id (snapshots by their disk's)."""

    disks: Mapping[str, Disk]
    instances: Mapping[str, Instance]
    snapshots: Mapping[str, tuple[Snapshot, ...]]

    def instance_of(self, disk_ids: Iterable[str]) -> Instance | None:
        """Return the running instance that these disks are attached to."""
        ids = {one for disk_id in disk_ids for one in self.disks[disk_id].instance_ids}
        running = [self.instances[one] for one in sorted(ids) if one in self.instances]
        return next((one for one in running if one.state == "RUNNING"), None)


def read(cloud: Cloud, disk_ids: Iterable[str]) -> Facts:
    """Read the facts about these disks: a call a hundred disks, one a hundred instances, one ten disks."""
    ids = sorted(set(disk_ids))
    disks = {disk.id: disk for disk in cloud.disks(ids)}
    attached = sorted({one for disk in disks.values() for one in disk.instance_ids})
    instances = {instance.id: instance for instance in cloud.instances(attached)}
    return Facts(disks, instances, by_disk(cloud.snapshots_of(sorted(disks)) if disks else ()))


def by_disk(snapshots: Iterable[Snapshot]) -> dict[str, tuple[Snapshot, ...]]:
    """Sort snapshots by the disk that they were made of."""
    sorted_out: dict[str, tuple[Snapshot, ...]] = {}
    for snapshot in snapshots:
        sorted_out[snapshot.disk_id] = (*sorted_out.get(snapshot.disk_id, ()), snapshot)
    return sorted_out


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is to be done for a group: `members` belong to the moment, `missing` are still to be taken."""

    group_id: str
    members: tuple[str, ...]
    missing: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


def ahead(group: Group, facts: Facts, batch: Batch) -> Ahead:
    """Decide which disks of a group are to be taken now, and say why the others are not."""
    members: list[str] = []
    missing: list[str] = []
    outcomes: list[Outcome] = []
    for disk_id in group.disk_ids:
        settled = settled_already(disk_id, facts, batch)
        if settled is None:
            missing.append(disk_id)
        else:
            outcomes.append(settled)
        if settled is None or settled.decision is Decision.DONE:
            members.append(disk_id)
    return Ahead(group.id, tuple(members), tuple(missing), tuple(outcomes))


def settled_already(disk_id: str, facts: Facts, batch: Batch) -> Outcome | None:
    """Return the outcome of a disk that is not to be taken now, or None."""
    disk = facts.disks.get(disk_id)
    if disk is None:
        return Outcome(disk_id, Decision.REFUSED, reason=f"there is no such disk in {batch.region}")
    mine = of_this_run(disk_id, facts.snapshots.get(disk_id, ()), batch)
    if mine is not None:
        return mine
    unable = unfit(disk)
    if unable is not None:
        return Outcome(disk_id, unable.decision, reason=unable.reason)
    return _being_made(disk_id, facts)


def of_this_run(disk_id: str, snapshots: Iterable[Snapshot], batch: Batch) -> Outcome | None:
    """Return the outcome of a disk that carries this run's snapshot, with the label that it has."""
    for snapshot in snapshots:
        if snapshot.state != RECYCLED and names.belongs(snapshot.name, batch.run, disk_id):
            return Outcome(disk_id, Decision.DONE, snapshot.id, label_of(snapshot))
    return None


def _being_made(disk_id: str, facts: Facts) -> Outcome | None:
    for snapshot in facts.snapshots.get(disk_id, ()):
        if snapshot.state == "CREATING":
            busy = f"snapshot {snapshot.id} of it is still being made ({snapshot.percent}%), one at a time"
            return Outcome(disk_id, Decision.DEFERRED, reason=busy)
    return None


def writerless(disk_ids: Iterable[str], before: Facts, after: Facts) -> set[str]:
    """Return the disks that nobody could write to: attached to no running instance, before and after."""
    return {
        disk_id
        for disk_id in disk_ids
        if before.instance_of([disk_id]) is None
        and disk_id in after.disks
        and after.instance_of([disk_id]) is None
    }


def without_writer(outcome: Outcome) -> Outcome:
    """Say of a crash-consistent snapshot that nobody wrote to its disk."""
    return replace(outcome, reason="no-writer: attached to no running instance, before and after")
