"""The disks of drills: the port `ScratchDisks`, over CBS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.tencent.restoring import RegionRestorer

if TYPE_CHECKING:
    from collections.abc import Sequence


class RegionScratch(RegionRestorer):
    """One region's disks that are made, attached, detached and given back."""

    def detach(self, disk_ids: Sequence[str], instance_id: str) -> None:
        """Begin to detach disks; the cloud refuses any that is on another instance (SDK)."""
        self._api.call("cbs", "DetachDisks", {"DiskIds": list(disk_ids), "InstanceId": instance_id})

    def terminate(self, disk_ids: Sequence[str]) -> None:
        """Give disks back that are paid by the hour; DeleteSnapshot 0 leaves all snapshots (SDK)."""
        self._api.call("cbs", "TerminateDisks", {"DiskIds": list(disk_ids), "DeleteSnapshot": 0})
