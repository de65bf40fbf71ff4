"""Where a cloud really cuts: snapshots of a scratch disk under a sequence of writes, each cloned and read.

Costs some snapshots and a clone of each, for some minutes; at the end, and when it is interrupted, they are
removed. What a killed one has left the next one removes; clones are removed by `maintain` besides, and the
snapshots carry an end that the cloud keeps. Nothing but the report comes of it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, InputError
from cbsnap.jobs import trying
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.preflight import RUNNING
from cbsnap.rules import calibration, names, restoring
from cbsnap.rules.calibration import Measured, Sample
from cbsnap.rules.clones import CALIBRATION, Drill, under_way
from cbsnap.rules.ours import DEPLOYMENT_TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cbsnap.jobs.sequencing import Sequenced
    from cbsnap.jobs.trying import Bench
    from cbsnap.model import Disk, Instance
    from cbsnap.ports import Clock, Cloud, Ending
    from cbsnap.rules.calibration import Advice, Cut

MOST = 10  # snapshots of one calibration: their clones are attached together
LONGEST_S = 3600.0  # as long as the sequence is written
_NORMAL_WITHIN_S = 1800.0
_POLL_S = 0.1
_CREATE_S = 30.0
_ENDS_AFTER = timedelta(hours=25)  # an end has to lie a day ahead
_NAME = re.compile(r"calibrate\.[0-9a-f]{16}\.(?P<disk>disk-[a-z0-9-]+)\.[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Scene:
    """The scratch disk, and the instance that writes on it."""

    disk: Disk
    instance: Instance


@dataclass(frozen=True, slots=True)
class Means:
    """What a calibration works with. `clock` measures; the bench has its own, for what only takes its time.

    `tell` says to a person how far it is.
    """

    cloud: Cloud
    ending: Ending
    bench: Bench
    clock: Clock
    deployment: str
    tell: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What came of it: the cuts, why others are not known, and the advice."""

    found: tuple[Measured, ...]
    errors: Mapping[str, str]
    advice: Advice


def scene(disk_id: str, cloud: Cloud) -> Scene:
    """Return the disk and its instance. Raises InputError for what cannot be used."""
    disk = next(iter(cloud.disks([disk_id])), None)
    if disk is None:
        raise InputError("calibrate", f"there is no {disk_id} in {cloud.region}")
    if disk.usage != "DATA_DISK" or len(disk.instance_ids) != 1 or disk.state != "ATTACHED":
        said = (
            f"{disk_id} is {disk.usage}, {disk.state}: a data disk is wanted that is attached to one instance"
        )
        raise InputError("calibrate", said)
    (instance,) = cloud.instances(disk.instance_ids)
    if instance.state != RUNNING:
        raise InputError("calibrate", f"{instance.id} is {instance.state}: it has to run")
    return Scene(disk, instance)


def calibrate(where: Scene, count: int, session: str, sequence: Sequenced, means: Means) -> Calibration:
    """Measure so many snapshots, and clean up whatever happens. Raises CloudError, InputError."""
    means.tell("removing what an earlier calibration may have left")
    clean(where, means)
    try:
        samples = _samples(where, count, session, sequence, means)
        cuts = _read(where, session, [one.snapshot_id for one in samples], sequence, means)
    finally:
        means.tell("cleaning up")
        with suppress(CloudError, InputError):
            sequence.forget()
        clean(where, means)
    return _judged(samples, cuts, sequence)


def clean(where: Scene, means: Means) -> None:
    """Remove the clones and snapshots of calibrations of this disk; those that cannot be yet have an end."""
    inventory = Inventory(means.cloud, means.deployment)
    for left in under_way(inventory.disks.values(), means.deployment, CALIBRATION):
        if left.instance_id == where.instance.id:
            for _ in trying.removed(left, inventory, means.bench, "its calibration has ended"):
                pass
    ids = [
        one.id
        for one in inventory.snapshots.values()
        if one.tags.get(DEPLOYMENT_TAG) == means.deployment
        and one.disk_id == where.disk.id
        and _NAME.fullmatch(one.name)
    ]
    if ids:
        _until_normal(ids, means)
        means.ending.delete_snapshots(ids)


def _samples(where: Scene, count: int, session: str, sequence: Sequenced, means: Means) -> list[Sample]:
    sequence.begin(where.disk.id)
    samples = []
    for number in range(1, count + 1):
        means.tell(f"snapshot {number} of {count}")
        name = f"calibrate.{session}.{where.disk.id}.{number}"
        sequence.ask_time()
        samples.append(_sample(where.disk.id, name, sequence, means))
    sequence.stop()
    return samples


def _sample(disk_id: str, name: str, sequence: Sequenced, means: Means) -> Sample:
    """Take one snapshot, and note when it comes to what."""
    cloud, clock = means.cloud, means.clock
    deadline = means.bench.clock.now() + _ENDS_AFTER
    cloud.warm(1)
    asked_s = clock.monotonic()
    made = cloud.create_snapshots(
        {disk_id: name}, {DEPLOYMENT_TAG: means.deployment}, _CREATE_S, deadline=deadline
    )[disk_id]
    answered_s = clock.monotonic()
    if isinstance(made, Exception):
        raise made
    while not cloud.glance([made], _CREATE_S):
        clock.sleep(_POLL_S)
    visible_s = clock.monotonic()
    sequence.ask_time()
    _until_normal([made], means)
    return Sample(made, asked_s, answered_s, visible_s, clock.monotonic())


def _until_normal(ids: Sequence[str], means: Means) -> None:
    """Wait for snapshots; one that has disappeared is not waited for."""
    end_s = means.clock.monotonic() + _NORMAL_WITHIN_S
    while any(one.state != "NORMAL" for one in means.cloud.snapshots(ids)):
        if means.clock.monotonic() > end_s:
            raise InputError("calibrate", f"{', '.join(ids)}: not NORMAL within {_NORMAL_WITHIN_S:.0f} s")
        means.clock.sleep(_POLL_S)


def _read(
    where: Scene, session: str, ids: Sequence[str], sequence: Sequenced, means: Means
) -> dict[str, Cut]:
    """Clone the snapshots to the disk's own instance, and have the clones read there."""
    means.tell(f"making {len(ids)} clones of {where.disk.size_gib} GiB and reading them")
    inventory = Inventory(means.cloud, means.deployment)
    there = [inventory.snapshots[one] for one in ids if one in inventory.snapshots]
    if len(there) < len(ids):
        raise InputError("calibrate", "a snapshot has disappeared: it failed, or somebody deleted it")
    wish = restoring.Wish(where.instance, purpose=CALIBRATION)
    act = restoring.clone(there, inventory.disks, wish)
    clones = trying.made(session, act, inventory, means.bench, lambda one: f"{session}-{one}")
    drill = Drill(names.digest(session), where.instance.id, len(ids), clones, CALIBRATION)
    while not trying.attached(drill, means.cloud, means.bench):
        if not means.bench.waited():
            raise InputError("calibrate", "the clones were not attached in time")
    return sequence.read({one: disk.id for one, disk in clones.items()})


def _judged(samples: Sequence[Sample], cuts: Mapping[str, Cut], sequence: Sequenced) -> Calibration:
    errors = {one: cut.error for one, cut in cuts.items() if cut.error}
    found = tuple(_measured(samples, cuts, sequence))
    torn = [one for one, cut in cuts.items() if cut.torn]
    return Calibration(found, errors, calibration.advice(found, torn))


def _measured(samples: Sequence[Sample], cuts: Mapping[str, Cut], sequence: Sequenced) -> Iterator[Measured]:
    for sample in samples:
        cut = cuts.get(sample.snapshot_id)
        if cut is not None and not cut.error:
            yield calibration.measured(sample, cut, sequence.trips)
