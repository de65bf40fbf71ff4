"""What happens by itself when its time has come, by the name that the agenda keeps.

Each transition checks that it still applies: what it was meant for may have been deleted or changed since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.agenda import Entry
    from localcloud.cloud import Cloud
    from localcloud.resources import Region


def run(cloud: Cloud, entry: Entry) -> None:
    """Let one entry of the agenda happen."""
    uin, name, *rest = entry.arguments
    region = cloud.world.regions[uin, name]
    TRANSITIONS[entry.transition](cloud, region, entry.due_s, *rest)


def finish_snapshot(_: Cloud, region: Region, __: float, snapshot_id: str) -> None:
    """End a snapshot's creation."""
    snapshot = region.snapshots.get(snapshot_id)
    if snapshot and snapshot.state == "CREATING" and snapshot.stuck_at is None:
        snapshot.state = "NORMAL"


def vanish_snapshot(cloud: Cloud, region: Region, _: float, snapshot_id: str) -> None:
    """Let a snapshot that is being made fail: there is no FAILED, it disappears [inferred]."""
    if snapshot_id in region.snapshots:
        cloud.contents.drop(region.drop_snapshot(snapshot_id).copy)


def expire_snapshot(cloud: Cloud, region: Region, due_s: float, snapshot_id: str) -> None:
    """Delete a snapshot at its deadline, unless the deadline has been moved."""
    snapshot = region.snapshots.get(snapshot_id)
    if snapshot and snapshot.deadline_s is not None and snapshot.deadline_s <= due_s:
        cloud.contents.drop(region.drop_snapshot(snapshot_id).copy)


TRANSITIONS = {each.__name__: each for each in (finish_snapshot, vanish_snapshot, expire_snapshot)}
