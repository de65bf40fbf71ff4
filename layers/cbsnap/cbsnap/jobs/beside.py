"""Policies that are due at the same time on the same hosts and disks: who goes with whom, and who waits.

One snapshot of a disk is made at a time, so that a policy that comes later in the file takes a disk
a tick after the one before it. Policies that hold a host in the same way at the same due time take
their turn on it together. Nothing is remembered between ticks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cbsnap.rules import pacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cbsnap.model.cloud import Disk
    from cbsnap.model.policies import Quiesce
    from cbsnap.model.runs import Batch, Group

    Way = tuple[Quiesce, datetime, str]  # how, when and which host


@dataclass(frozen=True, slots=True)
class Before:
    """What the policies before have: turns by disk and by host, and what is handed out in this tick."""

    by_disk: Mapping[str, pacing.Turn] = field(default_factory=dict)
    by_host: Mapping[Way, pacing.Turn] = field(default_factory=dict)
    handed_out: Mapping[str, str] = field(default_factory=dict)

    def turn(
        self,
        own: pacing.Turn,
        order: Batch,
        disks: Mapping[str, Disk],
        now: datetime,
        stride: pacing.Stride = pacing.EVERY_TICK,
    ) -> pacing.Turn:
        """Return a group's turn in view of the policies before; who has a stride of his own joins nobody."""
        group = own.group
        same_disk = [self.by_disk[one] for one in group.disk_ids if one in self.by_disk]
        if same_disk:
            return pacing.after(own, max(same_disk, key=lambda turn: turn.first), now, stride)
        if stride != pacing.EVERY_TICK:
            return own
        same_host = (self.by_host[way] for way in _ways(group, order, disks) if way in self.by_host)
        together = next(same_host, None)
        if together is None or together.first > order.not_after:
            return own
        return pacing.with_turn(group, together)

    def takes(self, group: Group) -> str:
        """Say which of a group's disks another run takes in this tick; empty for none."""
        for disk_id in group.disk_ids:
            if disk_id in self.handed_out:
                return f"{disk_id} is taken for {self.handed_out[disk_id]} first, one snapshot at a time"
        return ""

    def with_policy(
        self,
        order: Batch,
        turns: Iterable[pacing.Turn],
        ready: Iterable[Group],
        disks: Mapping[str, Disk],
    ) -> Before:
        """Return the same with one policy more."""
        every = list(turns)
        by_host = {way: turn for turn in every for way in _ways(turn.group, order, disks)}
        return Before(
            {**self.by_disk, **{one: turn for turn in every for one in turn.group.disk_ids}},
            {**by_host, **self.by_host},
            {**self.handed_out, **{one: str(order.run) for group in ready for one in group.disk_ids}},
        )


def _ways(group: Group, order: Batch, disks: Mapping[str, Disk]) -> list[Way]:
    if order.quiesce is None:
        return []
    hosts = (one for disk_id in group.disk_ids for one in disks[disk_id].instance_ids)
    return [(order.quiesce, order.run.due, host) for host in hosts]
