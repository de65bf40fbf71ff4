"""Regions and zones: those of the fleet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.cvm.service import SERVICE

if TYPE_CHECKING:
    from localcloud.service import Answer, Call


@SERVICE.action
@dataclass(frozen=True)
class DescribeRegions:
    """List the regions of the fleet; needs none itself."""

    def answer(self, call: Call) -> Answer:
        """Answer with the regions' names."""
        names = [name for uin, name in call.cloud.world.regions if uin == call.caller.account.uin]
        return {
            "TotalCount": len(names),
            "RegionSet": [{"Region": n, "RegionName": n, "RegionState": "AVAILABLE"} for n in names],
        }


@SERVICE.action
@dataclass(frozen=True)
class DescribeZones:
    """List the zones of a region: the first one, and all that something lies in."""

    def answer(self, call: Call) -> Answer:
        """Answer with the zones' names."""
        used = {each.zone for each in call.here.instances.values()} | {
            d.zone for d in call.here.disks.values()
        }
        names = sorted(used | {f"{call.here.name}-1"})
        return {
            "TotalCount": len(names),
            "ZoneSet": [
                {"Zone": name, "ZoneName": name, "ZoneId": str(number), "ZoneState": "AVAILABLE"}
                for number, name in enumerate(names, 1)
            ],
        }
