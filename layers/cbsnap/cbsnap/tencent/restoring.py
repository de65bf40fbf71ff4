"""Disks from snapshots: the port `Restorer`, over CBS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.tencent import answers
from cbsnap.tencent.region import PAGE, tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbsnap.model.cloud import Disk, NewDisk
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

    def disks_named(self, names: Sequence[str]) -> list[Disk]:
        """Return the disks of these names; whether the filter finds parts of names, too, is not said."""
        found: dict[str, Disk] = {}
        for name in names:
            params = {"Filters": [{"Name": "disk-name", "Values": [name]}], "Limit": PAGE}
            rows = self._api.read("cbs", "DescribeDisks", params).get("DiskSet") or ()
            found |= {row["DiskId"]: answers.disk(row, self._api.region) for row in rows}
        return [disk for disk in found.values() if disk.name in names]

    def create_disk(self, disk: NewDisk, name: str, tags: Mapping[str, str], token: str) -> str:
        """Begin to make a disk, paid by the hour; the same token (64 characters at most) makes none twice."""
        answer = self._api.read(
            "cbs",
            "CreateDisks",
            {
                "SnapshotId": disk.snapshot_id,
                "DiskName": name,
                "DiskType": disk.type,
                "DiskSize": disk.size_gib,
                "DiskChargeType": "POSTPAID_BY_HOUR",
                "Placement": {"Zone": disk.zone},
                "Tags": answers.given(tags),
                "ClientToken": token,
            },
        )
        if not answer.get("DiskIdSet"):
            raise CloudError("NoDiskId", "the answer names no disk", answer.get("RequestId"))
        return str(answer["DiskIdSet"][0])

    def attach(self, disk_ids: Sequence[str], instance_id: str) -> None:
        """Begin to attach disks, ten at most (SDK)."""
        params = {"DiskIds": list(disk_ids), "InstanceId": instance_id}
        self._api.call("cbs", "AttachDisks", params)

    def tag_disks(self, ids: Sequence[str], key: str, value: str) -> None:
        """Set one tag on disks; the resource is named as the vendor's Terraform provider does."""
        tag(self._api, [f"qcs::cvm:{self._api.region}:uin/:volume/{one}" for one in ids], key, value)
