"""Snapshots without a label: settled from the journal of the host that was held, or ended as `crash`.

Only what a release had carried is promoted, and only as far as the host's own record goes. A host
that does not answer is asked again in the next pass, as long as its journal may know.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from cbsnap.errors import CloudError, HostError, InputError
from cbsnap.model.labels import Label
from cbsnap.model.policies import Thaw, Transport
from cbsnap.rules.fitness import unfit
from cbsnap.rules.groups import grouped
from cbsnap.rules.labels import labels, lost
from cbsnap.rules.ours import LABEL_TAG, LOST_TAG
from cbsnap.rules.selection import selected
from cbsnap.upkeep import Action, Change, Finding, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model.cloud import Instance
    from cbsnap.model.plan import Plan
    from cbsnap.model.policies import Policy
    from cbsnap.ports.hosts import Journals, LeaseRecord
    from cbsnap.rules.ours import Ours
    from cbsnap.upkeep import Note

UNDERWAY = timedelta(
    minutes=20
)  # a worker lives 15 at most (583/9179): until then it writes the label itself
REMEMBERED = timedelta(hours=24)  # how long a host's journal keeps a lease
_ENDED = {"RELEASED", "FAILED", "EXPIRED", "BROKEN"}


class Settled(NamedTuple):
    """What a snapshot is worth, why, and how its lease was lost if it was."""

    label: Label
    reason: str
    lost: str = ""


class Unsettled(Exception):
    """Not to be settled in this pass; the message says why."""


def settled(plan: Plan, inventory: Inventory, journals: Journals, now: datetime) -> Iterator[Note]:
    """Label what is unproven, one call for many of one label."""
    waiting = unproven(inventory, now)
    if not waiting:
        return
    hosts = _Hosts(plan, inventory, journals)
    found: dict[str, Settled] = {}
    for one in waiting:
        try:
            found[one.snapshot.id] = _settle(one, plan, hosts)
        except Unsettled as open_still:
            if now - one.snapshot.created_at < REMEMBERED:
                yield _finding(one, Trouble.UNPROVEN, str(open_still))
            else:
                found[one.snapshot.id] = Settled(Label.CRASH, f"never proved: {open_still}")
    yield from _written([one for one in waiting if one.snapshot.id in found], found, inventory)


def unproven(inventory: Inventory, now: datetime) -> list[Ours]:
    """Return what has no label though its worker cannot be at it any more."""
    return [
        one
        for one in inventory.ours()
        if one.label is None and not one.snapshot.copied and now - one.snapshot.created_at > UNDERWAY
    ]


class _Hosts:
    """The running instances of a region's disks, and what their journals say."""

    def __init__(self, plan: Plan, inventory: Inventory, journals: Journals) -> None:
        self.inventory = inventory
        self._ways = {
            one.name: one.quiesce.transport for one in plan.policies if one.quiesce and not one.quiesce.stops
        }
        self._journals = journals
        attached = sorted({one for disk in inventory.disks.values() for one in disk.instance_ids})
        there = inventory.cloud.instances(attached)
        self._running = {one.id: one for one in there if one.state == "RUNNING"}
        self._silent: dict[str, str] = {}

    def of(self, disk_ids: Iterable[str]) -> list[Instance]:
        """Return the running instances that these disks are attached to."""
        disks = [self.inventory.disks[one] for one in disk_ids if one in self.inventory.disks]
        ids = sorted({one for disk in disks for one in disk.instance_ids})
        return [self._running[one] for one in ids if one in self._running]

    def record(self, one: Ours, instance: Instance) -> LeaseRecord | None:
        """Return the ended lease whose release carried this snapshot. Raises Unsettled."""
        mine = [
            each
            for each in self._read(one, instance)
            if each.answered.get(one.name.disk_id) == one.snapshot.id
        ]
        if mine and mine[-1].state not in _ENDED:
            raise Unsettled(f"lease {mine[-1].lease_id} is still {mine[-1].state}")
        return mine[-1] if mine else None

    def _read(self, one: Ours, instance: Instance) -> list[LeaseRecord]:
        """Read a journal; one that was silent is not waited for again in this pass."""
        if instance.id in self._silent:
            raise Unsettled(self._silent[instance.id])
        try:
            transport = self._ways.get(one.name.policy, Transport.HTTP)
            with closing(self._journals.on(instance, transport)) as journal:
                return journal.of_snapshot(one.snapshot.id)
        except (HostError, InputError) as silent:
            self._silent[instance.id] = f"the journal of {instance.id} cannot be read: {silent}"
            raise Unsettled(self._silent[instance.id]) from silent


def _settle(one: Ours, plan: Plan, hosts: _Hosts) -> Settled:
    """Return what a snapshot is worth. Raises Unsettled."""
    policy = next((each for each in plan.policies if each.name == one.name.policy), None)
    if policy is not None and policy.quiesce is None:
        return Settled(Label.CRASH, "no plan")
    if policy is not None and policy.quiesce is not None and policy.quiesce.thaw is not Thaw.RETURNED:
        return Settled(Label.CRASH, f"nobody saw it {policy.quiesce.thaw.value} before the host went on")
    own = {each.id: record for each in hosts.of([one.name.disk_id]) if (record := hosts.record(one, each))}
    if not own:
        return Settled(Label.CRASH, "no running host's journal knows a lease that had answered it")
    return _worth(one, policy, own, hosts)


def _worth(one: Ours, policy: Policy | None, own: dict[str, LeaseRecord], hosts: _Hosts) -> Settled:
    """Return what the records of all hosts of the group together prove; `own` are those of the disk's own."""
    lease = next(iter(own.values()))
    members = _members(one, policy, lease, hosts.inventory)
    records = [own.get(each.id) or hosts.record(one, each) for each in hosts.of(members)]
    if None in records:
        return Settled(Label.CRASH, "the journal of another host of its group knows nothing of it")
    label, reason = labels(members, lease.answered, records)[one.name.disk_id]
    return Settled(label or Label.CRASH, reason, lost(records))


def _members(one: Ours, policy: Policy | None, own: LeaseRecord, inventory: Inventory) -> set[str]:
    """Return the disks that belonged to the moment, rather too many than too few."""
    members = {one.name.disk_id, *own.answered, *(cover.disk_id for cover in own.covers)}
    if policy is None:
        return members | _siblings(one, inventory)
    able = [disk for disk in selected(inventory.disks.values(), policy.select) if unfit(disk) is None]
    groups = (group.disk_ids for group in grouped(able, policy.group, policy.group_tag))
    return members | set(next((ids for ids in groups if one.name.disk_id in ids), ()))


def _siblings(one: Ours, inventory: Inventory) -> set[str]:
    """Return the disks of the same instance that the same request has taken."""
    own = inventory.disks[one.name.disk_id]
    return {
        each.name.disk_id
        for each in inventory.ours()
        if replace(each.name, disk_id="") == replace(one.name, disk_id="")
        and (disk := inventory.disks.get(each.name.disk_id))
        and set(disk.instance_ids) & set(own.instance_ids)
    }


def _written(waiting: Sequence[Ours], found: dict[str, Settled], inventory: Inventory) -> Iterator[Note]:
    lots: dict[tuple[Label, str], list[Ours]] = {}
    for one in waiting:
        lots.setdefault((found[one.snapshot.id].label, found[one.snapshot.id].lost), []).append(one)
    for (label, how), mine in lots.items():
        refused = _refused([one.snapshot.id for one in mine], label, how, inventory)
        for one in mine:
            if why_not := refused.get(one.snapshot.id):
                reason = f"its label {label.value} could not be written: {why_not}"
                yield _finding(one, Trouble.REFUSED, reason)
                continue
            why = found[one.snapshot.id].reason or "proved by the host's journal"
            reason = f"{label.value}: {why}"
            yield Change(Action.LABELLED, inventory.region, one.snapshot.id, reason, one.name.policy)


def _refused(ids: Sequence[str], label: Label, how: str, inventory: Inventory) -> dict[str, CloudError]:
    """Write a label; return why some would not have it, by id."""
    refused: dict[str, CloudError] = {}
    try:
        if how:  # first, since a label ends the settling
            refused |= inventory.tag_each(ids, LOST_TAG, how)
        refused |= inventory.tag_each([one for one in ids if one not in refused], LABEL_TAG, label.value)
    except CloudError as failed:
        return dict.fromkeys(ids, failed)
    return refused


def _finding(one: Ours, trouble: Trouble, reason: str) -> Finding:
    return Finding(trouble, one.snapshot.region, one.snapshot.id, reason, one.name.policy)
