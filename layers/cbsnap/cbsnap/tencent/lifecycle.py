"""What happens to snapshots after they were made: the port `Lifecycle`, over CBS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cbsnap.model import Target
    from cbsnap.tencent.api import Api


class RegionLifecycle:
    """One region's snapshots. Every call here may be sent twice: the second time changes nothing."""

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


class RegionLifecycles:
    """The port `Lifecycles`: each target's region."""

    def __init__(self, api: Callable[[Target], Api]) -> None:
        self._api = api

    def at(self, target: Target) -> RegionLifecycle:
        """Return one target's; nothing is sent yet."""
        return RegionLifecycle(self._api(target))
