"""Finding what a call names, and whether its state allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.cbs import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.resources import Disk, Instance, Region, Snapshot
    from localcloud.service import Call


def find_disk(region: Region, disk_id: str) -> Disk:
    """Return a disk of the region; raises InvalidDiskId.NotFound."""
    if disk_id not in region.disks:
        raise errors.InvalidDiskIdNotFound(disk=disk_id)
    return region.disks[disk_id]


def find_snapshot(region: Region, snapshot_id: str) -> Snapshot:
    """Return a snapshot of the region; raises InvalidSnapshotId.NotFound."""
    if snapshot_id not in region.snapshots:
        raise errors.InvalidSnapshotIdNotFound(snapshot=snapshot_id)
    return region.snapshots[snapshot_id]


def find_instance(region: Region, instance_id: str) -> Instance:
    """Return an instance of the region; raises InvalidInstanceId.NotFound."""
    if instance_id not in region.instances:
        raise errors.InvalidInstanceIdNotFound(instance=instance_id)
    return region.instances[instance_id]


def shared_snapshots(call: Call) -> Iterator[Snapshot]:
    """Yield the snapshots that other accounts share with the caller in this region."""
    for snapshot_id, owner in call.here.shared_here.items():
        yield call.cloud.world.regions[owner, call.here.name].snapshots[snapshot_id]


def check_state(snapshot: Snapshot, *allowed: str) -> None:
    """Raise UnsupportedOperation.StateError unless the snapshot's state is one of `allowed`."""
    if snapshot.state not in allowed:
        raise errors.StateError(resource=snapshot.id, state=snapshot.state)
