"""How much a region's snapshots hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.cbs.service import SERVICE

if TYPE_CHECKING:
    from localcloud.service import Answer, Call

FREE_GIB = 80.0


@SERVICE.action
@dataclass(frozen=True)
class DescribeSnapshotOverview:
    """Count the region's snapshots. FreeQuota is of billed GiB, not of snapshots."""

    def answer(self, call: Call) -> Answer:
        """Answer with sizes in GiB."""
        snapshots = call.here.snapshots.values()
        size_gib = float(sum(each.size_gib for each in snapshots))
        return {
            "TotalSize": size_gib,
            "TotalNums": len(snapshots),
            "FreeQuota": FREE_GIB,
            "RealTradeSize": max(0.0, size_gib - FREE_GIB),
        }
