"""One region's disks and snapshots, read once for a whole pass and kept up with what the pass writes."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from cbsnap.errors import Refused
from cbsnap.rules.ours import Ours, ours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cbsnap.model.cloud import Disk, Snapshot
    from cbsnap.ports.cloud import Cloud


class Inventory:
    """What a region holds; `disks` and `snapshots` are by id."""

    def __init__(self, cloud: Cloud, deployment: str) -> None:
        """Read the region. Raises CloudError."""
        self.cloud = cloud
        self.region = cloud.region
        self.role = cloud.role
        self.deployment = deployment
        self.disks: dict[str, Disk] = {disk.id: disk for disk in cloud.disks()}
        self.snapshots: dict[str, Snapshot] = {one.id: one for one in cloud.snapshots()}

    def ours(self) -> list[Ours]:
        """Return this deployment's own snapshots."""
        return ours(self.snapshots.values(), self.deployment)

    def tag(self, snapshot_ids: Sequence[str], key: str, value: str) -> None:
        """Set one tag on many snapshots, there and here."""
        self.cloud.tag_snapshots(snapshot_ids, key, value)
        for one in snapshot_ids:
            snapshot = self.snapshots[one]
            self.snapshots[one] = replace(snapshot, tags={**snapshot.tags, key: value})

    def tag_each(self, snapshot_ids: Sequence[str], key: str, value: str) -> dict[str, Refused]:
        """Set one tag on as many as will have it; return why others would not, by id. Raises CloudError.

        A call does not say which of many was refused, so they are halved until it stands alone.
        """
        if not snapshot_ids:
            return {}
        try:
            self.tag(snapshot_ids, key, value)
        except Refused as refused:
            if len(snapshot_ids) == 1:
                return {snapshot_ids[0]: refused}
            middle = len(snapshot_ids) // 2
            first = self.tag_each(snapshot_ids[:middle], key, value)
            return first | self.tag_each(snapshot_ids[middle:], key, value)
        return {}

    def with_tags(self, tags: Mapping[str, Mapping[str, str]]) -> Inventory:
        """Return the same as it would be with these tags, by snapshot; nothing is written."""
        other = copy(self)
        other.snapshots = {
            one.id: replace(one, tags={**one.tags, **tags.get(one.id, {})}) for one in self.snapshots.values()
        }
        return other

    def without_disks(self, disk_ids: Iterable[str]) -> None:
        """Leave out disks that are not there any more."""
        for one in disk_ids:
            self.disks.pop(one, None)

    def forget(self, snapshot_ids: Iterable[str]) -> None:
        """Leave out what is not there any more."""
        for one in snapshot_ids:
            self.snapshots.pop(one, None)
