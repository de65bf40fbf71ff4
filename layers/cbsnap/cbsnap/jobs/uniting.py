"""Groups that a host holds together are one group: its plan's data lie on the disks of several.

Only the host knows: which disks a filesystem spans by way of LVM or RAID, and which ones a database
uses. It is asked before anything is locked, and only where several groups of a batch, whatever
their runs, have disks on one instance. A lease holds all disks of its plan anyway.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

from cbsnap.errors import HostError, InputError
from cbsnap.rules import groups as rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbsnap.jobs.preflight import Facts
    from cbsnap.jobs.work import Work
    from cbsnap.model.cloud import Instance
    from cbsnap.model.policies import Quiesce
    from cbsnap.model.runs import Group


def united(groups: Sequence[Group], facts: Facts, work: Work) -> list[Group]:
    """Return the groups with those made one that have to be held together.

    A host that does not answer unites nothing: the bracket will meet it, and say so.
    """
    quiesce = work.batch.quiesce
    if quiesce is None:
        return list(groups)

    def instances(group: Group) -> list[str]:
        there = (facts.disks[one] for one in group.disk_ids if one in facts.disks)
        return [group.id, *(one for disk in there for one in disk.instance_ids)]

    lots = [lot for lot in rules.connected(groups, instances) if len(lot) > 1]
    sets = [held for lot in lots for held in _sets(lot, facts, quiesce, work)]
    return rules.united(groups, sets) if sets else list(groups)


def _sets(lot: Sequence[Group], facts: Facts, quiesce: Quiesce, work: Work) -> list[frozenset[str]]:
    """Return which of the disks of these groups are held together, by host."""
    disk_ids = [one for group in lot for one in group.disk_ids if one in facts.disks]
    if quiesce.stops:
        return [frozenset(disk_ids)]
    hosts = facts.running(disk_ids)
    with ThreadPoolExecutor(work.batch.side_by_side) as pool:
        return list(pool.map(lambda one: _set(one, disk_ids, facts, quiesce, work), hosts))


def _set(
    instance: Instance, disk_ids: Sequence[str], facts: Facts, quiesce: Quiesce, work: Work
) -> frozenset[str]:
    own = [one for one in disk_ids if instance.id in facts.disks[one].instance_ids]
    try:
        with closing(work.hosts.on(instance, quiesce.transport)) as host:
            return host.check(quiesce.plan, own).disk_ids
    except (HostError, InputError):
        return frozenset()
