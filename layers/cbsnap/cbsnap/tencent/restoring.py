"""Disks from snapshots: the port `Restorer`, over CBS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.tencent import answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbsnap.model import NewDisk
    from cbsnap.tencent.api import Api


class RegionRestorer:
    """One region's disks."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def roll_back(self, snapshot_id: str, disk_id: str, *, stop: bool, start: bool) -> None:
        """Begin to roll a disk back; sent once. The cloud starts only what it has stopped (SDK)."""
        params = {"SnapshotId": snapshot_id, "DiskId": disk_id}
        switches = {"AutoStopInstance": True, "AutoStartInstance": start} if stop else {}
        self._api.call("cbs", "ApplySnapshot", {**params, **switches})

    def create_disk(self, disk: NewDisk, token: str) -> str:
        """Begin to make a disk, paid by the hour; the same token (64 characters at most) makes none twice."""
        answer = self._api.read(
            "cbs",
            "CreateDisks",
            {
                "SnapshotId": disk.snapshot_id,
                "DiskName": disk.name,
                "DiskType": disk.type,
                "DiskSize": disk.size_gib,
                "DiskChargeType": "POSTPAID_BY_HOUR",
                "Placement": {"Zone": disk.zone},
                "ClientToken": token,
                **({"Tags": answers.given(disk.tags)} if disk.tags else {}),
            },
        )
        if not answer.get("DiskIdSet"):
            raise CloudError("NoDiskId", "the answer names no disk", answer.get("RequestId"))
        return str(answer["DiskIdSet"][0])

    def attach(self, disk_ids: Sequence[str], instance_id: str) -> None:
        """Begin to attach disks, ten at most (SDK)."""
        params = {"DiskIds": list(disk_ids), "InstanceId": instance_id}
        self._api.call("cbs", "AttachDisks", params)
