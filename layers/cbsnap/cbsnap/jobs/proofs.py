"""Snapshots without a label: settled from the journal of the host that was held, or ended as `crash`.

Only what a release had carried is promoted, and only as far as the host's own record goes. A host
that does not answer is asked again in the next pass, as long as its journal may know.
"""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, HostError, InputError
from cbsnap.model import Grouping, Label, Thaw
from cbsnap.rules.fitness import unfit
from cbsnap.rules.groups import grouped
from cbsnap.rules.labels import labels
from cbsnap.rules.ours import LABEL_TAG
from cbsnap.rules.selection import selected
from cbsnap.upkeep import Action, Change, Finding, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model import Instance, Plan, Policy
    from cbsnap.ports import Journals, LeaseRecord
    from cbsnap.rules.ours import Ours
    from cbsnap.upkeep import Note

UNDERWAY = timedelta(
    minutes=20
)  # a worker lives 15 at most (583/9179): until then it writes the label itself
REMEMBERED = timedelta(hours=24)  # how long a host's journal keeps a lease
_ENDED = {"RELEASED", "FAILED", "EXPIRED", "BROKEN"}
Settled = tuple[Label, str]


class Unsettled(Exception):
    """Not to be settled in this pass; the message says why."""


def settled(plan: Plan, inventory: Inventory, journals: Journals, now: datetime) -> Iterator[Note]:
    """Label what is unproven, one call for many of one label."""
    unproven = [one for one in inventory.ours() if _is_due(one, now)]
    running = _running(inventory) if unproven else {}
    found: dict[str, Settled] = {}
    for one in unproven:
        try:
            found[one.snapshot.id] = _settle(one, plan, inventory, running, journals)
        except Unsettled as open_still:
            if now - one.snapshot.created_at < REMEMBERED:
                yield _finding(one, Trouble.UNPROVEN, str(open_still))
            else:
                found[one.snapshot.id] = Label.CRASH, f"never proved: {open_still}"
    yield from _written([one for one in unproven if one.snapshot.id in found], found, inventory)


def _is_due(one: Ours, now: datetime) -> bool:
    return one.label is None and not one.snapshot.copied and now - one.snapshot.created_at > UNDERWAY


def _running(inventory: Inventory) -> dict[str, Instance]:
    """Return the running instances of the region's disks, by disk id."""
    disks = list(inventory.disks.values())
    ids = sorted({one for disk in disks for one in disk.instance_ids})
    there = {one.id: one for one in (inventory.cloud.instances(ids) if ids else ()) if one.state == "RUNNING"}
    return {disk.id: there[one] for disk in disks for one in disk.instance_ids if one in there}


def _settle(
    one: Ours, plan: Plan, inventory: Inventory, running: dict[str, Instance], journals: Journals
) -> Settled:
    """Return what a snapshot is worth. Raises Unsettled."""
    policy = next((each for each in plan.policies if each.name == one.name.policy), None)
    if policy is not None and policy.quiesce is None:
        return Label.CRASH, "no plan"
    if policy is not None and policy.quiesce is not None and policy.quiesce.thaw is not Thaw.RETURNED:
        return Label.CRASH, f"nobody saw it {policy.quiesce.thaw.value} before the host went on"
    instance = running.get(one.name.disk_id)
    if instance is None:
        return Label.CRASH, "no running instance remembers a lease for it"
    record = _record(one, instance, journals)
    if record is None:
        return Label.CRASH, f"the journal of {instance.id} knows no lease that had answered it"
    members = _members(one, policy, record, inventory)
    others = {running[each].id: running[each] for each in members if each in running}
    others.pop(instance.id, None)
    records = [record, *(_record(one, each, journals) for _, each in sorted(others.items()))]
    if None in records:
        return Label.CRASH, "not every host of its group remembers a lease that had answered it"
    label, reason = labels(members, record.answered, records)[one.name.disk_id]
    return label or Label.CRASH, reason


def _record(one: Ours, instance: Instance, journals: Journals) -> LeaseRecord | None:
    try:
        with closing(journals.on(instance)) as journal:
            records = journal.of_snapshot(one.snapshot.id)
    except (HostError, InputError) as silent:
        raise Unsettled(f"the journal of {instance.id} cannot be read: {silent}") from silent
    mine = [each for each in records if each.answered.get(one.name.disk_id) == one.snapshot.id]
    if mine and mine[-1].state not in _ENDED:
        raise Unsettled(f"lease {mine[-1].lease_id} is still {mine[-1].state}")
    return mine[-1] if mine else None


def _members(one: Ours, policy: Policy | None, record: LeaseRecord, inventory: Inventory) -> set[str]:
    """Return the disks that belonged to the moment, rather too many than too few."""
    members = {one.name.disk_id, *(cover.disk_id for cover in record.covers)}
    if policy is None:
        return members | _siblings(one, inventory)
    if policy.group is Grouping.DISK:
        return members
    able = [disk for disk in selected(inventory.disks.values(), policy.select) if unfit(disk) is None]
    groups = (group.disk_ids for group in grouped(able, policy.group, policy.group_tag))
    now_together = next((ids for ids in groups if one.name.disk_id in ids), ())
    return members | set(now_together) | _siblings(one, inventory)


def _siblings(one: Ours, inventory: Inventory) -> set[str]:
    """Return the disks of the same instance that the same run has taken."""
    disk = inventory.disks[one.name.disk_id]
    run = (one.name.policy, one.name.due, one.name.digest)
    there = [each.name for each in inventory.ours() if each.name.disk_id in inventory.disks]
    return {
        name.disk_id
        for name in there
        if (name.policy, name.due, name.digest) == run
        and set(inventory.disks[name.disk_id].instance_ids) & set(disk.instance_ids)
    }


def _written(unproven: Sequence[Ours], found: dict[str, Settled], inventory: Inventory) -> Iterator[Note]:
    for label in Label:
        mine = [one for one in unproven if found[one.snapshot.id][0] is label]
        if not mine:
            continue
        try:
            inventory.tag([one.snapshot.id for one in mine], LABEL_TAG, label.value)
        except CloudError as refused:
            for one in mine:
                yield _finding(
                    one, Trouble.REFUSED, f"its label {label.value} could not be written: {refused}"
                )
            continue
        for one in mine:
            why = found[one.snapshot.id][1] or "proved by the host's journal"
            yield Change(
                Action.LABELLED, inventory.region, one.snapshot.id, f"{label.value}: {why}", one.name.policy
            )


def _finding(one: Ours, trouble: Trouble, reason: str) -> Finding:
    return Finding(trouble, one.snapshot.region, one.snapshot.id, reason, one.name.policy)
