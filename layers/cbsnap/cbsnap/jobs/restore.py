"""Restores as people ask for them: proposed, agreed to, handed over, and looked at.

Nothing is changed here: what was agreed to is carried out elsewhere (`carrying`), and how far it has
come is read from the cloud.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import InputError, PlanChanged, QuotaExhausted
from cbsnap.model import Group
from cbsnap.restoration import Clone, Progress, RestoreOrder, Rollback
from cbsnap.rules import cautions, names, quota, restored, restoring
from cbsnap.rules.ours import DEPLOYMENT_TAG
from cbsnap.rules.restored import GIVEN_UP, SAFETY
from cbsnap.rules.restoring import DATA_DISKS, Proposal, Scene, Wish

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model import Disk, Instance, Plan, QuotaLimits, Snapshot, Target
    from cbsnap.ports import Clock, Keeper

# A message is good for one retry of an invocation that died at the end of its 900 s, a minute later.
DELIVERY = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class AskedRollback:
    """A disk is to be put back to this snapshot of it; `stop` and `start`: its instances, if they run."""

    snapshot_id: str
    stop: bool = False
    start: bool = False


@dataclass(frozen=True, slots=True)
class AskedClone:
    """New disks are wanted: of these snapshots, or of disks or an instance's data disks as of a time.

    `attach_to` is an instance's id; what is None follows the source disk.
    """

    snapshot_ids: tuple[str, ...] = ()
    disk_ids: tuple[str, ...] = ()
    instance_id: str | None = None
    as_of: datetime | None = None
    attach_to: str | None = None
    zone: str | None = None
    size_gib: int | None = None
    type: str | None = None
    purpose: str = restored.RESTORED


Asked = AskedRollback | AskedClone


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a person agreed to: the proposal's `confirm`, and for a rollback the disk's id, typed."""

    key: str
    confirm: str
    typed: str = ""


def propose(asked: Asked, here: Inventory, limits: QuotaLimits) -> Proposal:
    """Return what would be done; reads only. Raises InputError, QuotaExhausted."""
    if isinstance(asked, AskedRollback):
        return _rollback(asked, here, limits)
    return _clone(asked, here)


def start(  # noqa: PLR0913, PLR0917 - what is asked and agreed to, where, and the means
    asked: Asked,
    agreed: Agreed,
    plan: Plan,
    target: Target,
    here: Inventory,
    keeper: Keeper,
    clock: Clock,
) -> Progress:
    """Hand over what was agreed to; what there is of this key already is only looked at.

    Raises PlanChanged when it would be something else by now, InputError for a wrong id.
    """
    there = status(agreed.key, here, clock.now())
    if there.kind is not None:
        _require_same(asked, agreed.key, there, here)
        return there
    proposal = propose(asked, here, plan.quota)
    if agreed.confirm != proposal.confirm:
        raise PlanChanged
    if proposal.disk_id not in (None, agreed.typed):
        raise InputError("typed", f"type {proposal.disk_id} to have it overwritten, not {agreed.typed!r}")
    keeper.hand_over(_order(proposal.act, agreed.key, plan.deployment, target, clock.now()))
    return there


def status(key: str, here: Inventory, now: datetime) -> Progress:
    """Return how far the restore of a key has come; `kind` is None when nothing of it is there."""
    if there := _left(key, names.digest(key), here, now):
        return there
    return restored.told_before([*here.disks.values(), *here.snapshots.values()], key) or Progress(key)


def seen(here: Inventory, now: datetime) -> list[Progress]:
    """Return all restores whose safety snapshot or disks are still there, under their keys' digests."""
    mine = restored.digests(here.ours(), _made_here(here))
    return [one for digest in mine if (one := _left(digest, digest, here, now))]


def _left(key: str, digest: str, here: Inventory, now: datetime) -> Progress | None:
    """Return how far a restore has come by what it has made; None when it has made nothing."""
    if safety := restored.safety_by(here.ours(), digest):
        return restored.rolled(key, safety, here.disks.get(safety.disk_id), now)
    made = restored.disks_by(_made_here(here), digest)
    return restored.made(key, made, now) if made else None


def _made_here(here: Inventory) -> list[Disk]:
    return [disk for disk in here.disks.values() if disk.tags.get(DEPLOYMENT_TAG) == here.deployment]


def _order(act: Rollback | Clone, key: str, deployment: str, target: Target, now: datetime) -> RestoreOrder:
    return RestoreOrder(
        key,
        target,
        deployment,
        deliver_by=now + DELIVERY,
        until=now + GIVEN_UP,
        rollback=act if isinstance(act, Rollback) else None,
        clone=act if isinstance(act, Clone) else None,
    )


def _require_same(asked: Asked, key: str, there: Progress, here: Inventory) -> None:
    """Refuse a key that was used for something else: this would seem to have been done."""
    if isinstance(asked, AskedRollback):
        snapshot = here.snapshots.get(asked.snapshot_id)
        source = restored.source_of([*here.disks.values(), *here.snapshots.values()], key)
        same = (
            there.kind == "rollback"
            and (not there.disk_ids or not snapshot or snapshot.disk_id in there.disk_ids)
            and (not source or source == asked.snapshot_id)
        )
    else:
        same = there.kind == "clone" and (
            not asked.snapshot_ids or {*there.snapshot_ids} <= {*asked.snapshot_ids}
        )
    if not same:
        raise InputError("key", f"it was used for another restore, a {there.kind}: use a new one")


def _rollback(asked: AskedRollback, here: Inventory, limits: QuotaLimits) -> Proposal:
    snapshot = _snapshot(asked.snapshot_id, here, "snapshot_id")
    disk = here.disks.get(snapshot.disk_id)
    siblings = [one for one in here.snapshots.values() if one.disk_id and one.disk_id == snapshot.disk_id]
    instances = here.cloud.instances(disk.instance_ids) if disk else []
    act = restoring.rollback(Scene(snapshot, disk, instances, siblings), stop=asked.stop, start=asked.start)
    _require_room(here.disks[act.disk_id], here, limits)
    steps = restoring.rollback_steps(act, snapshot.created_at)
    warnings = cautions.of_rollback(act, snapshot, here.ours(), here.disks)
    before = sorted(
        one.snapshot.id
        for one in here.ours()
        if one.name.policy == SAFETY and one.snapshot.disk_id == act.disk_id
    )
    return Proposal(act, tuple(steps), tuple(warnings), tuple(before))


def _require_room(disk: Disk, here: Inventory, limits: QuotaLimits) -> None:
    """Refuse a rollback whose safety snapshot would not fit."""
    room = quota.region_room(limits, len(here.disks), here.cloud.usage())
    wanted = quota.admit([Group(disk.id, (disk.id,))], {disk.id: disk.snapshot_count}, room, limits)
    if wanted.refused:
        raise QuotaExhausted("quota", f"no room for the safety snapshot: {wanted.refused[0].reason}")


def _clone(asked: AskedClone, here: Inventory) -> Proposal:
    snapshots = _sources(asked, here)
    if not 1 <= len(snapshots) <= DATA_DISKS:
        raise InputError("snapshot_ids", f"{len(snapshots)} disks are too many: {DATA_DISKS} at most")
    instance = _instance(asked.attach_to, here) if asked.attach_to else None
    wish = Wish(instance, asked.zone, asked.size_gib, asked.type, asked.purpose)
    act = restoring.clone(snapshots, here.disks, wish)
    for disk in act.disks:
        restored.disk_name("", act, disk.snapshot_id)
    warnings = cautions.of_snapshots(snapshots, here.ours(), here.disks)
    return Proposal(act, tuple(restoring.clone_steps(act)), tuple(warnings))


def _sources(asked: AskedClone, here: Inventory) -> list[Snapshot]:
    """Return the snapshots that are asked for, in whichever way."""
    ways = [bool(asked.snapshot_ids), bool(asked.disk_ids), asked.instance_id is not None]
    if sum(ways) != 1:
        raise InputError("snapshot_ids", "say one of snapshot_ids, disk_ids and instance_id")
    if asked.snapshot_ids:
        if asked.as_of is not None:
            raise InputError("as_of", "snapshots have their time: leave it out, or name disks instead")
        return [_snapshot(one, here, "snapshot_ids") for one in dict.fromkeys(asked.snapshot_ids)]
    if asked.as_of is None:
        raise InputError("as_of", "say as of when")
    disk_ids = asked.disk_ids or _data_disks(asked.instance_id or "", here)
    mine = [one for one in here.ours() if one.name.policy != SAFETY]
    return [one.snapshot for one in restoring.one_moment(mine, disk_ids, asked.as_of)]


def _data_disks(instance_id: str, here: Inventory) -> Sequence[str]:
    attached = [
        disk.id
        for disk in here.disks.values()
        if instance_id in disk.instance_ids and disk.usage == "DATA_DISK"
    ]
    if not attached:
        raise InputError("instance_id", f"{instance_id} has no data disks in {here.region}")
    return attached


def _snapshot(snapshot_id: str, here: Inventory, field: str) -> Snapshot:
    if snapshot_id not in here.snapshots:
        raise InputError(
            field,
            f"there is no snapshot {snapshot_id} in {here.region}: name its region; one that another "
            "account shares has to be copied by it first",
        )
    return here.snapshots[snapshot_id]


def _instance(instance_id: str, here: Inventory) -> Instance:
    found = here.cloud.instances([instance_id])
    if not found:
        raise InputError("attach_to", f"there is no instance {instance_id} in {here.region}")
    if found[0].state not in ("RUNNING", "STOPPED"):
        raise InputError("attach_to", f"{instance_id} is {found[0].state}: again when that has ended")
    return found[0]
