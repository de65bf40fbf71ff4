"""Restore drills: which are due, begun, carried on or left over in a region.

The newest good run of each policy is cloned to a scratch instance, checked there and removed, by
`jobs.trying`. What is chosen is `rules.drilling`'s decision, how drills stand is told by `standings`.
The scratch instance is never started or stopped: it has to be there and running.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, InputError, Refused
from cbsnap.jobs import standings, trying
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.trying import Case
from cbsnap.model import DrillOrder
from cbsnap.rules import drilling, names, restoring
from cbsnap.rules.clones import CALIBRATION, PURPOSE, Drill, under_way
from cbsnap.rules.drilling import Choice
from cbsnap.rules.restored import DESERTED
from cbsnap.rules.selection import selected
from cbsnap.upkeep import Action, Change, Finding, Trouble, Upkeep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cbsnap.jobs.trying import Bench
    from cbsnap.model import Drilling, Instance, Plan, Policy
    from cbsnap.ports import Cloud, DrillKeeper
    from cbsnap.upkeep import Note

DELIVERY = timedelta(minutes=20)  # of a drill that was asked for: one retry of an invocation of 900 s
PATIENCE_S = 240.0  # of one pass, for the drills of all regions: what takes longer the next pass carries on


def drilled(plan: Plan, inventory: Inventory, bench: Bench) -> Iterator[Note]:
    """Carry drills on, remove what is left of others, begin what is due; then say how drills stand."""
    for drill in under_way(inventory.disks.values(), plan.deployment):
        case = _case(drill, plan, inventory)
        steps = (
            trying.carried_on(case, inventory, bench)
            if case
            else trying.removed(drill, inventory, bench, "no policy drills it any more")
        )
        yield from _reported(steps, inventory.region, case.policy if case else None, drill.id)
    now = bench.clock.now()
    for left in under_way(inventory.disks.values(), plan.deployment, CALIBRATION):
        if left.began is not None and now > left.began + DESERTED:
            steps = trying.removed(left, inventory, bench, "its calibration was cut off")
            yield from _reported(steps, inventory.region, None, left.id)
    for policy, wanted in standings.drilled_here(plan, inventory):
        due = drilling.last_due(policy, wanted, now)
        if now <= due + wanted.window and not standings.is_done(policy, inventory, due):
            yield from begun(policy, f"{policy.name}@{due:%Y%m%dT%H%MZ}", due, inventory, bench)
    yield from standings.standing(plan, inventory, now)


def carry(order: DrillOrder, plan: Plan, cloud: Cloud, bench: Bench) -> Upkeep:
    """Begin a drill that was asked for and carry it on; a message that was kept too long is dropped."""
    if bench.clock.now() > order.deliver_by:
        late = f"drill of {order.policy}: delivered after {order.deliver_by:%H:%M:%S} UTC, and dropped"
        return Upkeep(str(order.target), error=late)
    try:
        notes = list(start_now(order.policy, order.key, plan, Inventory(cloud, plan.deployment), bench))
    except InputError as wrong:
        return Upkeep(str(order.target), error=str(wrong))
    changes = tuple(one for one in notes if isinstance(one, Change))
    return Upkeep(str(order.target), changes, tuple(one for one in notes if isinstance(one, Finding)))


def start_now(name: str, key: str, plan: Plan, inventory: Inventory, bench: Bench) -> Iterator[Note]:
    """Drill a policy's newest good run now, whatever its schedule; the same key is the same drill.

    Raises InputError for a policy that is not drilled in this region. What is not done when the bench's
    time is over, the passes of `maintain` carry on.
    """
    for policy, _ in standings.drilled_here(plan, inventory):
        if policy.name == name:
            yield from begun(policy, f"{name}#{key}", bench.clock.now(), inventory, bench)
            return
    raise InputError("policy", f"{name} is not drilled in {inventory.region}: give it a `drill` section")


def ask(name: str, key: str, plan: Plan, keeper: DrillKeeper, now: datetime) -> DrillOrder:
    """Hand a drill of a policy over, to be begun now; the same key is the same drill.

    Raises InputError for a policy that is not there or has no `drill`.
    """
    for target in plan.targets:
        if any(policy.name == name for policy, _ in standings.drilled_here(plan, target)):
            order = DrillOrder(key, target, name, now + DELIVERY)
            keeper.hand_over(order)
            return order
    raise InputError("policy", f"{name} is not drilled: give it a `drill` section in the policy file")


def begun(policy: Policy, key: str, until: datetime, inventory: Inventory, bench: Bench) -> Iterator[Note]:
    """Begin a drill of a policy's newest good run due by then, and carry it on.

    Another deployment may drill a policy of the same name on the same instance: its drills are others.
    """
    own_key = f"{inventory.deployment}/{key}"
    yield from _reported(
        _begun(policy, own_key, until, inventory, bench), inventory.region, policy.name, policy.name
    )


def _begun(policy: Policy, key: str, until: datetime, inventory: Inventory, bench: Bench) -> Iterator[Note]:
    wanted = policy.drill
    if wanted is None:
        return
    drill_id = names.digest(key)
    if not _is_free(wanted.instance, drill_id, inventory):
        return  # it is under way, or another is: one at a time, and its turn comes in a later pass
    choice = drilling.chosen(policy, wanted, inventory.ours(), inventory.disks, until)
    case = Case(Drill(drill_id, wanted.instance, len(choice.snapshots), {}), policy.name, wanted, choice)
    instance = _ready(policy, wanted, inventory, bench)
    if trying.was_run(case, bench):
        return  # it had its command, and its clones are gone
    wish = restoring.Wish(instance, type=wanted.type, purpose=PURPOSE)
    act = restoring.clone([one.snapshot for one in choice.snapshots], inventory.disks, wish)
    there = trying.made(key, act, inventory, bench, lambda snapshot_id: _token(key, snapshot_id))
    for snapshot_id, disk in there.items():
        yield Change(Action.CLONED, inventory.region, disk.id, f"of {snapshot_id}", policy.name)
    if len(there) == len(act.disks):
        yield from trying.carried_on(replace(case, drill=replace(case.drill, clones=there)), inventory, bench)


def _is_free(instance_id: str, drill_id: str, inventory: Inventory) -> bool:
    """Tell whether an instance has no drill but this one, which was cut off while its clones were made."""
    there = under_way(inventory.disks.values(), inventory.deployment)
    on_it = [one for one in there if one.instance_id == instance_id]
    return all(one.id == drill_id and len(one.clones) < one.count for one in on_it)


def _ready(policy: Policy, wanted: Drilling, inventory: Inventory, bench: Bench) -> Instance:
    """Return the scratch instance. Raises InputError when it cannot be used now."""
    found = _instance(wanted.instance, inventory)
    own = selected(inventory.disks.values(), policy.select)
    if any(wanted.instance in disk.instance_ids for disk in own):
        raise InputError(
            "drill.instance", f"{wanted.instance} holds disks of the policy: drill on another one"
        )
    if not bench.commands.reaches(found.id):
        raise InputError("drill.instance", f"{found.id} is {found.state} and takes no commands (TAT)")
    return found


def _instance(instance_id: str, inventory: Inventory) -> Instance:
    try:
        found = inventory.cloud.instances([instance_id])
    except Refused as refused:
        if "NotFound" not in refused.code:
            raise
        found = []
    if not found:
        raise InputError("drill.instance", f"there is no {instance_id} in {inventory.region}")
    return found[0]


def _token(key: str, snapshot_id: str) -> str:
    """Return the ClientToken of a clone, 64 characters at most: the same drill makes none twice."""
    return f"{sha256(key.encode()).hexdigest()[:32]}-{snapshot_id}"


def _case(drill: Drill, plan: Plan, inventory: Inventory) -> Case | None:
    """Return what a drill under way is of; None when nobody wants it any more."""
    of = [one for one in inventory.ours() if one.snapshot.id in drill.clones]
    for policy, wanted in standings.drilled_here(plan, inventory):
        same = tuple(one for one in of if one.name.policy == policy.name)
        if same and wanted.instance == drill.instance_id:
            return Case(drill, policy.name, wanted, Choice(same))
    return None


def _reported(steps: Iterator[Note], region: str, policy: str | None, subject: str) -> Iterator[Note]:
    """Keep one drill's failure from the others."""
    try:
        yield from steps
    except (CloudError, InputError) as failed:
        yield Finding(Trouble.UNDRILLED, region, subject, str(failed), policy)
