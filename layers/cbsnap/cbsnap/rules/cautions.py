"""What a person should know before agreeing to a restore; none of it keeps the restore from being done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.model.labels import Label
from cbsnap.rules.drillreports import Verdict
from cbsnap.rules.ours import DRILL_TAG
from cbsnap.rules.restored import SAFETY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cbsnap.model.cloud import Disk, Snapshot
    from cbsnap.restoration import Rollback
    from cbsnap.rules.ours import Ours


def of_rollback(
    act: Rollback, snapshot: Snapshot, mine: Sequence[Ours], disks: Mapping[str, Disk]
) -> Iterator[str]:
    """Yield what to know of a rollback; `mine` are the region's snapshots of ours, `disks` its disks."""
    yield from of_snapshots([snapshot], mine, disks)
    disk = disks[act.disk_id]
    if disk.size_gib > snapshot.size_gib:
        yield (
            f"{disk.id} has grown from {snapshot.size_gib} to {disk.size_gib} GiB since: "
            "its filesystems will be as large as they were"
        )
    if act.stop:
        yield (
            f"what {', '.join(act.stop)} writes after the safety snapshot and before the stop is in neither: "
            "stop it yourself first if nothing may be lost"
        )


def of_snapshots(
    snapshots: Sequence[Snapshot], mine: Sequence[Ours], disks: Mapping[str, Disk]
) -> Iterator[str]:
    """Yield what to know of the snapshots themselves."""
    known = {one.snapshot.id: one for one in mine}
    for snapshot in snapshots:
        yield from _trust(snapshot, known.get(snapshot.id))
        yield from _tried(snapshot)
        yield from _newer(snapshot, mine)
        if snapshot.encrypted:
            yield f"{snapshot.id} is encrypted: its key must still be there, and a new disk is encrypted, too"
    chosen = [known[one.id] for one in snapshots if one.id in known]
    yield from _left_behind(chosen, mine, disks)


def _trust(snapshot: Snapshot, one: Ours | None) -> Iterator[str]:
    if one is None:
        yield f"{snapshot.id} was not taken by this deployment: nothing is known of how"
    elif one.label is None:
        yield f"{snapshot.id} is unproven: nothing vouches for what it holds"
    elif one.label is Label.CRASH:
        yield f"{snapshot.id} is labelled crash: it holds what a power failure leaves"
    elif one.label is Label.FILESYSTEM:
        yield f"{snapshot.id} is labelled filesystem: databases in it start as after a crash"


def _tried(snapshot: Snapshot) -> Iterator[str]:
    if snapshot.tags.get(DRILL_TAG) == Verdict.FAILED.value:
        yield f"{snapshot.id} failed its restore drill: take an older one if you can"
    elif snapshot.tags.get(DRILL_TAG) == Verdict.LATE.value:
        yield f"{snapshot.id} was found by its drill to be cut after its lease had ended"


def _newer(snapshot: Snapshot, mine: Iterable[Ours]) -> Iterator[str]:
    newer = [
        one
        for one in mine
        if snapshot.disk_id
        and one.snapshot.disk_id == snapshot.disk_id
        and one.name.policy != SAFETY
        and one.snapshot.state == "NORMAL"
        and one.snapshot.created_at > snapshot.created_at
    ]
    if newer:
        newest = max(newer, key=lambda one: one.age_rank)
        yield (
            f"{snapshot.id} is not the newest of {snapshot.disk_id}: {newest.snapshot.id} was taken "
            f"{newest.snapshot.created_at:%Y-%m-%d %H:%M} UTC"
        )


def _left_behind(chosen: Sequence[Ours], mine: Iterable[Ours], disks: Mapping[str, Disk]) -> Iterator[str]:
    """Yield the disks of the same instances and run that are not restored with the chosen ones."""
    runs = {(one.name.policy, one.name.due, one.name.digest) for one in chosen}
    restored = {one.name.disk_id for one in chosen}
    hosts = {host for disk_id in restored if disk_id in disks for host in disks[disk_id].instance_ids}
    left = sorted(
        {
            one.name.disk_id
            for one in mine
            if (one.name.policy, one.name.due, one.name.digest) in runs
            and one.name.disk_id in disks
            and not hosts.isdisjoint(disks[one.name.disk_id].instance_ids)
        }
        - restored
    )
    if left:
        yield f"{', '.join(left)} of the same run are not restored with it: they stay at another moment"
