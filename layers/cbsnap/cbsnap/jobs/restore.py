"""Disks are put back, or made anew from snapshots; progress is told as it comes.

What is to be done was decided and shown before (`rules.restoring`). A safety snapshot is NORMAL
before anything of the disk is overwritten. What takes the cloud time is looked at until it is done.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, InputError, OutcomeUnknown
from cbsnap.model import Label, Run
from cbsnap.rules import names, restoring
from cbsnap.rules.ours import DEPLOYMENT_TAG, LABEL_TAG, POLICY_TAG
from cbsnap.rules.restoring import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model import NewDisk
    from cbsnap.ports import Clock, Cloud, Restorer
    from cbsnap.rules.restoring import Clone, Rollback

SAFETY = "safety"  # the policy in the name of a snapshot taken before a disk is overwritten
PATIENCE_S = 6 * 3600.0
_LOOK_AGAIN_S = 5.0
_CREATE_S = 30.0


@dataclass(frozen=True, slots=True)
class Means:
    """What a restore works with, in one region."""

    deployment: str
    cloud: Cloud
    restorer: Restorer
    clock: Clock


def planned_rollback(inventory: Inventory, snapshot_id: str, *, stop: bool, start: bool) -> Rollback:
    """Return what a rollback would do. Raises InputError."""
    snapshot = inventory.snapshots.get(snapshot_id)
    if snapshot is None:
        raise InputError("snapshot", f"there is no snapshot {snapshot_id} in {inventory.region}")
    disk = inventory.disks.get(snapshot.disk_id)
    instances = inventory.cloud.instances(disk.instance_ids) if disk and disk.instance_ids else []
    siblings = [one for one in inventory.snapshots.values() if one.disk_id == snapshot.disk_id]
    return restoring.rollback(snapshot, disk, instances, siblings, stop=stop, start=start)


def roll_back(plan: Rollback, typed: str, means: Means) -> Iterator[str]:
    """Carry a rollback out; yields each step when it is done. `typed` is the disk's id, typed by a person.

    Raises InputError when that is another, CloudError when a step fails.
    """
    disk = plan.disk
    if typed != disk.id:
        raise InputError("disk", f"type {disk.id} to have it overwritten; {typed!r} is not its id")
    safety_id = _safety(disk.id, means)
    _wait(lambda: _is_normal(means.cloud, safety_id), f"safety snapshot {safety_id}", means.clock)
    yield f"safety snapshot {safety_id} is NORMAL"
    try:
        means.restorer.roll_back(plan.snapshot.id, disk.id, stop=bool(plan.stop), start=plan.start)
    except OutcomeUnknown:
        if not means.cloud.disks([disk.id])[0].rolling_back:
            raise
    yield f"{disk.id} is being rolled back to {plan.snapshot.id}"
    _wait(lambda: _is_at_rest(means.cloud, [disk.id]), f"the rollback of {disk.id}", means.clock)
    yield f"{disk.id} is back at {plan.snapshot.id}"


def clone(plan: Clone, key: str, means: Means) -> Iterator[str]:
    """Make the disks, wait for them and attach them; the same key again makes none twice."""
    made = [_made(disk, key, means.restorer) for disk in plan.disks]
    yield f"{', '.join(made)} are being made"
    _wait(lambda: _is_at_rest(means.cloud, made), ", ".join(made), means.clock)
    yield f"{', '.join(made)} are ready"
    if plan.instance_id is None:
        return
    loose = [one.id for one in means.cloud.disks(made) if plan.instance_id not in one.instance_ids]
    for start in range(0, len(loose), AT_ONCE):
        means.restorer.attach(loose[start : start + AT_ONCE], plan.instance_id)
    _wait(lambda: _is_at_rest(means.cloud, made, "ATTACHED"), f"attaching {', '.join(made)}", means.clock)
    yield f"{', '.join(made)} are attached to {plan.instance_id}"


def _safety(disk_id: str, means: Means) -> str:
    run = Run(SAFETY, means.clock.now(), secrets.token_hex(8))
    tags = {POLICY_TAG: SAFETY, DEPLOYMENT_TAG: means.deployment, LABEL_TAG: Label.CRASH.value}
    name = names.snapshot_name(run, disk_id)
    answer = means.cloud.create_snapshots({disk_id: name}, tags, _CREATE_S)[disk_id]
    if isinstance(answer, Exception):
        raise answer
    return answer


def _made(disk: NewDisk, key: str, restorer: Restorer) -> str:
    return restorer.create_disk(disk, token=f"{key[:40]}-{disk.snapshot_id}")


def _is_normal(cloud: Cloud, snapshot_id: str) -> bool:
    """Tell whether a snapshot is whole; a row that is not there, yet or any more, is not."""
    return any(one.state == "NORMAL" for one in cloud.snapshots([snapshot_id]))


def _is_at_rest(cloud: Cloud, disk_ids: Sequence[str], *states: str) -> bool:
    wanted = states or ("ATTACHED", "UNATTACHED")
    there = [one for one in cloud.disks(disk_ids) if one.state in wanted and not one.rolling_back]
    return len(there) == len(disk_ids)


def _wait(done: Callable[[], bool], what: str, clock: Clock) -> None:
    give_up = clock.monotonic() + PATIENCE_S
    while not done():
        if clock.monotonic() > give_up:
            raise CloudError("Timeout", f"{what} has not come to an end in {PATIENCE_S / 3600:.0f} h")
        clock.sleep(_LOOK_AGAIN_S)
