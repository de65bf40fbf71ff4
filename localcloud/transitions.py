"""What happens by itself when its time has come, by the name that the agenda keeps.

Each transition checks that it still applies: what it was meant for may have been deleted or changed since.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.agenda import Entry
    from localcloud.cloud import Cloud
    from localcloud.resources import Region, Snapshot

    Transition = Callable[..., None]

LOG = logging.getLogger(__name__)
TRANSITIONS: dict[str, Transition] = {}


def run(cloud: Cloud, entry: Entry) -> None:
    """Let one entry of the agenda happen."""
    uin, name, *rest = entry.arguments
    region = cloud.world.regions[uin, name]
    TRANSITIONS[entry.transition](cloud, region, entry.due_s, *rest)


def transition(function: Transition) -> Transition:
    """Enter a function under its name."""
    TRANSITIONS[function.__name__] = function
    return function


def forget(cloud: Cloud, region: Region, snapshot: Snapshot) -> None:
    """Delete a snapshot with its bytes; what it held for the one after it counts there from now on."""
    following = region.snapshots_of(snapshot.disk_id)
    following = following[following.index(snapshot) + 1 :] if snapshot in following else []
    region.drop_snapshot(snapshot.id)
    for uin in snapshot.shared_with:
        other = cloud.world.regions.get((uin, region.name))
        if other:
            other.shared_here.pop(snapshot.id, None)
    cloud.contents.drop(snapshot.copy)
    if successor := next((each for each in following if each.copy), None):
        earlier = copy_before(region, successor)
        successor.held_bytes = cloud.contents.held(successor.copy, successor.cut, earlier)


def copy_before(region: Region, snapshot: Snapshot) -> str:
    """Return where the bytes of a disk's latest snapshot before this one lie, or an empty text."""
    made = region.snapshots_of(snapshot.disk_id)
    return next((each.copy for each in reversed(made[: made.index(snapshot)]) if each.copy), "")


@transition
def finish_snapshot(_: Cloud, region: Region, __: float, snapshot_id: str) -> None:
    """End a snapshot's creation."""
    snapshot = region.snapshots.get(snapshot_id)
    if snapshot and snapshot.state == "CREATING" and snapshot.stuck_at is None:
        snapshot.state = "NORMAL"


@transition
def cut_snapshot(cloud: Cloud, region: Region, due_s: float, snapshot_id: str, disk_id: str) -> None:
    """Copy a disk's bytes after the answer (the fault `late_cut`); what cannot be cut disappears."""
    snapshot, disk = region.snapshots.get(snapshot_id), region.disks.get(disk_id)
    if not snapshot:
        return
    try:
        if not disk:
            raise FileNotFoundError(disk_id)
        if disk.content:
            cut = cloud.contents.cut_now(disk.content, snapshot.id, copy_before(region, snapshot))
            snapshot.copy, snapshot.cut, snapshot.held_bytes = cut.path, cut.how, cut.held_bytes
    except OSError:
        LOG.exception("%s was not cut", snapshot_id)
        forget(cloud, region, snapshot)
    else:
        ends_s = max(due_s, snapshot.progress_to_s)
        cloud.world.agenda.add(ends_s, "finish_snapshot", *region.at(snapshot_id))


@transition
def vanish_snapshot(cloud: Cloud, region: Region, _: float, snapshot_id: str) -> None:
    """Let a snapshot that is being made fail: there is no FAILED, it disappears [inferred]."""
    if snapshot_id in region.snapshots:
        forget(cloud, region, region.snapshots[snapshot_id])


@transition
def expire_snapshot(cloud: Cloud, region: Region, due_s: float, snapshot_id: str) -> None:
    """Delete a snapshot at its deadline, unless the deadline has been moved."""
    snapshot = region.snapshots.get(snapshot_id)
    if snapshot and snapshot.deadline_s is not None and snapshot.deadline_s <= due_s:
        forget(cloud, region, snapshot)


@transition
def finish_copy(
    cloud: Cloud, region: Region, _: float, snapshot_id: str, source: str, source_id: str
) -> None:
    """End a copy from another region, here and at its source."""
    snapshot = region.snapshots.get(snapshot_id)
    if snapshot and snapshot.state == "COPYING_FROM_REMOTE":
        snapshot.state = "NORMAL"
    origin = cloud.world.regions[region.uin, source].snapshots.get(source_id)
    if origin and region.name in origin.copying_to:
        origin.copying_to.remove(region.name)


@transition
def finish_rollback(_: Cloud, region: Region, __: float, snapshot_id: str, disk_id: str) -> None:
    """End a disk's rollback."""
    snapshot, disk = region.snapshots.get(snapshot_id), region.disks.get(disk_id)
    if snapshot and snapshot.state == "ROLLBACKING":
        snapshot.state = "NORMAL"
    if disk and disk.state == "ROLLBACKING":
        disk.state = "ATTACHED" if disk.instances else "UNATTACHED"


@transition
def finish_disk(_: Cloud, region: Region, __: float, disk_id: str, instance_id: str) -> None:
    """End a disk's creation or growth, or that it is attached to or detached from an instance."""
    disk = region.disks.get(disk_id)
    if disk and disk.state == "DETACHING":
        disk.instances.remove(instance_id)
        disk.last_instance = instance_id
    if disk and disk.state in ("DUMPING", "ATTACHING", "DETACHING", "EXPANDING"):
        disk.state = "ATTACHED" if disk.instances else "UNATTACHED"


@transition
def finish_instance(_: Cloud, region: Region, __: float, instance_id: str, state: str, mode: str) -> None:
    """End an instance's start or stop."""
    instance = region.instances.get(instance_id)
    if instance and instance.state == {"RUNNING": "STARTING", "STOPPED": "STOPPING"}[state]:
        instance.state, instance.stopped_mode = state, mode
