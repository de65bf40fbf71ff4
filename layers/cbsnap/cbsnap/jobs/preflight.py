"""What is known before anything is locked: disks, their instances, and what is there already.

Read once for a handful of groups, since snapshots are listed by ten disks a call. Decides
which disks of a group are still to be taken; leaves quiescing and creating to `group`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.model.runs import Decision, Outcome
from cbsnap.rules import names
from cbsnap.rules.fitness import unfit
from cbsnap.rules.ours import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbsnap.model.cloud import Disk, Instance, Snapshot
    from cbsnap.model.runs import Batch, Group
    from cbsnap.ports.cloud import Cloud

RUNNING, STOPPED = "RUNNING", "STOPPED"
PAUSE_TAG = "cbsnap:pause"
RECYCLED = "TORECYCLE"  # on its way out: as good as gone


@dataclass(frozen=True, slots=True)
class Facts:
    """Disks, instances and snapshots (by their disk's id) as they were read, at a monotonic time."""

    disks: Mapping[str, Disk]
    instances: Mapping[str, Instance]
    snapshots: Mapping[str, tuple[Snapshot, ...]]
    read_at: float = 0.0

    def running(self, disk_ids: Iterable[str]) -> list[Instance]:
        """Return the running instances that these disks are attached to, by id."""
        attached = [self.instances[one] for one in self._attached_to(disk_ids) if one in self.instances]
        return [one for one in attached if one.state == RUNNING]

    def stopped(self, disk_ids: Iterable[str]) -> list[Instance]:
        """Return the stopped instances that these disks are attached to, by id."""
        attached = [self.instances[one] for one in self._attached_to(disk_ids) if one in self.instances]
        return [one for one in attached if one.state == STOPPED]

    def unsettled(self, disk_ids: Iterable[str]) -> list[str]:
        """Say which instances neither run nor are stopped: somebody may write there, whom nobody holds."""
        states = {
            one: self.instances[one].state if one in self.instances else "not to be found"
            for one in self._attached_to(disk_ids)
        }
        return [f"{one} is {state}" for one, state in states.items() if state not in {RUNNING, STOPPED}]

    def writerless(self, disk_id: str) -> bool:
        """Tell whether nobody can write to a disk: attached to nothing, or to stopped instances only."""
        return not self.running([disk_id]) and not self.unsettled([disk_id])

    def paused(self, disk_id: str) -> str:
        """Return which of disk and instances has the tag that pauses it, or nothing."""
        there = [one for one in self._attached_to([disk_id]) if one in self.instances]
        tagged = {disk_id: self.disks[disk_id].tags} | {one: self.instances[one].tags for one in there}
        return next((one for one, tags in tagged.items() if PAUSE_TAG in tags), "")

    def _attached_to(self, disk_ids: Iterable[str]) -> list[str]:
        return sorted({one for disk_id in disk_ids for one in self.disks[disk_id].instance_ids})


def read(cloud: Cloud, disk_ids: Iterable[str], *, snapshots: bool = True) -> Facts:
    """Read the facts about these disks: a call a hundred disks, one a hundred instances, one ten disks."""
    ids = sorted(set(disk_ids))
    disks = {disk.id: disk for disk in cloud.disks(ids)}
    attached = sorted({one for disk in disks.values() for one in disk.instance_ids})
    instances = {instance.id: instance for instance in cloud.instances(attached)}
    listed = cloud.snapshots_of(sorted(disks)) if disks and snapshots else ()
    return Facts(disks, instances, by_disk(listed))


def by_disk(snapshots: Iterable[Snapshot]) -> dict[str, tuple[Snapshot, ...]]:
    """Sort snapshots by the disk that they were made of."""
    sorted_out: dict[str, list[Snapshot]] = {}
    for snapshot in snapshots:
        sorted_out.setdefault(snapshot.disk_id, []).append(snapshot)
    return {disk_id: tuple(some) for disk_id, some in sorted_out.items()}


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is to be done for a group: `members` belong to the moment, `missing` are still to be taken."""

    group_id: str
    members: tuple[str, ...]
    missing: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    chain: str = ""


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
    return Ahead(group.id, tuple(members), tuple(missing), tuple(outcomes), group.chain)


def settled_already(disk_id: str, facts: Facts, batch: Batch) -> Outcome | None:
    """Return the outcome of a disk that is not to be taken now, or None."""
    disk = facts.disks.get(disk_id)
    if disk is None:
        return Outcome(disk_id, Decision.REFUSED, reason=f"there is no such disk in {batch.target.region}")
    mine = of_this_run(disk_id, facts.snapshots.get(disk_id, ()), batch)
    if mine is not None:
        return mine
    if recent := _taken_lately(disk_id, facts, batch):
        return Outcome(disk_id, Decision.SPARED, reason=recent)
    unable = unfit(disk)
    if unable is not None:
        return Outcome(disk_id, unable.decision, reason=unable.reason)
    if paused := facts.paused(disk_id):
        return Outcome(disk_id, Decision.DEFERRED, reason=f"{paused} has the tag {PAUSE_TAG}")
    return _being_made(disk_id, facts)


def of_this_run(disk_id: str, snapshots: Iterable[Snapshot], batch: Batch) -> Outcome | None:
    """Return the outcome of a disk that carries this run's snapshot, with the label that it has."""
    mine = [
        snapshot
        for snapshot in sorted(snapshots, key=lambda one: (one.created_at, one.id))
        if snapshot.state != RECYCLED and names.belongs(snapshot.name, batch.run_of(disk_id), disk_id)
    ]
    if not mine:
        return None
    others = ", ".join(snapshot.id for snapshot in mine[1:])
    twice = f"there is more than one of this run: {others}, too" if others else ""
    return Outcome(disk_id, Decision.DONE, mine[0].id, label_of(mine[0]), twice)


def _taken_lately(disk_id: str, facts: Facts, batch: Batch) -> str:
    """Say which snapshot of the policy was asked for not long ago, by the time in its name, or nothing."""
    run, apart = batch.run_of(disk_id), timedelta(seconds=batch.apart_s)
    for snapshot in facts.snapshots.get(disk_id, ()) if apart else ():
        name = names.parse(snapshot.name)
        if (
            name is not None
            and name.digest is not None
            and snapshot.state != RECYCLED
            and name.policy == run.policy
            and run.due - name.due < apart
        ):
            return (
                f"{snapshot.id} of {name.due:%Y-%m-%d %H:%M} UTC is there, the least time between is {apart}"
            )
    return ""


def _being_made(disk_id: str, facts: Facts) -> Outcome | None:
    for snapshot in facts.snapshots.get(disk_id, ()):
        if snapshot.state == "CREATING":
            busy = f"snapshot {snapshot.id} of it is still being made ({snapshot.percent}%), one at a time"
            return Outcome(disk_id, Decision.DEFERRED, reason=busy)
    return None


def without_writer(outcome: Outcome) -> Outcome:
    """Say of a crash-consistent snapshot that nobody wrote to its disk."""
    return replace(outcome, reason="no-writer: attached to nothing that runs, before and after")
