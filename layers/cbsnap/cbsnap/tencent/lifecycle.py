"""What happens to snapshots after they were made: the port `Lifecycle`, over CBS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbsnap.tencent import codes
from cbsnap.tencent.answers import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cbsnap.model.plan import Target
    from cbsnap.tencent.api import Api


class RegionLifecycle:
    """One region's snapshots. All but a copy may be sent twice: the second time changes nothing."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def delete_snapshots(self, snapshot_ids: Sequence[str]) -> None:
        """Delete snapshots, all or none, images that are made of them never (362/15646)."""
        self._api.read("cbs", "DeleteSnapshots", {"SnapshotIds": list(snapshot_ids)})

    def set_deadline(self, snapshot_id: str, deadline: datetime | None) -> None:
        """Let a snapshot expire, or keep it for good; Deadline counts beside IsPermanent false only (SDK)."""
        end = (
            {"IsPermanent": True}
            if deadline is None
            else {"IsPermanent": False, "Deadline": deadline.isoformat(timespec="seconds")}
        )
        self._api.read("cbs", "ModifySnapshotAttribute", {"SnapshotId": snapshot_id, **end})

    def copy_snapshot(self, snapshot_id: str, name: str, region: str) -> str:
        """Begin a copy; sent once, since a second request would make a second one."""
        answer = self._api.call(
            "cbs",
            "CopySnapshotCrossRegions",
            {"SnapshotId": snapshot_id, "SnapshotName": name, "DestinationRegions": [region]},
        )
        result: dict[str, Any] = next(iter(answer.get("SnapshotCopyResultSet") or ()), {})
        if result.get("Code") != "Success" or not result.get("SnapshotId"):
            request_id = answer.get("RequestId")
            raise codes.error(str(result.get("Code")), str(result.get("Message")), request_id)
        return str(result["SnapshotId"])

    def shares(self, snapshot_id: str) -> dict[str, datetime]:
        """Return the accounts that a snapshot is shared with, and since when."""
        answer = self._api.read("cbs", "DescribeSnapshotSharePermission", {"SnapshotId": snapshot_id})
        rows = answer.get("SharePermissionSet") or ()
        return {row["AccountId"]: moment(row["CreatedTime"]) for row in rows}

    def share(self, snapshot_id: str, accounts: Sequence[str]) -> None:
        """Share a snapshot with these accounts, 50 at most (SDK)."""
        self._permit(snapshot_id, accounts, "SHARE")

    def unshare(self, snapshot_id: str, accounts: Sequence[str]) -> None:
        """Share it with these accounts no more."""
        self._permit(snapshot_id, accounts, "CANCEL")

    def _permit(self, snapshot_id: str, accounts: Sequence[str], permission: str) -> None:
        self._api.read(
            "cbs",
            "ModifySnapshotsSharePermission",
            {"SnapshotIds": [snapshot_id], "AccountIds": list(accounts), "Permission": permission},
        )


class RegionLifecycles:
    """The port `Lifecycles`: each target's region."""

    def __init__(self, api: Callable[[Target], Api]) -> None:
        self._api = api

    def at(self, target: Target) -> RegionLifecycle:
        """Return one target's; nothing is sent yet."""
        return RegionLifecycle(self._api(target))
