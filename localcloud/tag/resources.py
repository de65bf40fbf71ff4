"""Resources in six parts (`qcs::cbs:ap-guangzhou:uin/100000000001:instance/disk-…`): which one is meant.

A disk's form is recorded; a snapshot's is the one of the vendor's own Terraform provider, which leaves the
account's number empty: both with and without it a resource is found, and answers name it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.tag.errors import ResourceDescriptionError, ResourceIdInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.resources import Disk, Instance, Region, Snapshot
    from localcloud.service import Call

_FORM = re.compile(
    r"qcs::(?P<service>\w+):(?P<region>[\w-]*):(?:uin/(?P<uin>\d*))?:(?P<prefix>\w+)/(?P<id>[\w-]+)"
)
KINDS = {
    ("cvm", "instance"): "instances",
    ("cvm", "snapshot"): "snapshots",
    ("cbs", "instance"): "disks",
    ("cvm", "volume"): "disks",
}


@dataclass(frozen=True)
class Resource:
    """One taggable thing of an account; `found` is None where it does not exist."""

    service: str
    prefix: str
    region: Region
    found: Disk | Instance | Snapshot | None

    @property
    def name(self) -> str:
        """Return its description in six parts, with the account's number."""
        if self.found is None:
            return ""
        uin = self.region.uin
        return f"qcs::{self.service}:{self.region.name}:uin/{uin}:{self.prefix}/{self.found.id}"

    def existing(self) -> Disk | Instance | Snapshot:
        """Return the thing itself; raises ResourceIdInvalid."""
        if self.found is None:
            raise ResourceIdInvalid(resource=f"{self.service}:{self.prefix}")
        return self.found


def find(call: Call, text: str) -> Resource:
    """Return what a description means to the caller; raises ResourceDescriptionError."""
    match = _FORM.fullmatch(text)
    if match is None or (match["service"], match["prefix"]) not in KINDS:
        raise ResourceDescriptionError(resource=text)
    if match["uin"] and match["uin"] != call.caller.account.uin:
        raise ResourceDescriptionError(resource=text)
    region = call.cloud.region(call.caller.account, match["region"])
    if region is None:
        raise ResourceDescriptionError(resource=text)
    things = getattr(region, KINDS[match["service"], match["prefix"]])
    return Resource(match["service"], match["prefix"], region, things.get(match["id"]))


def every(call: Call) -> Iterator[Resource]:
    """Yield all that the caller has, in all regions, each of them once."""
    for (uin, _), region in call.cloud.world.regions.items():
        if uin == call.caller.account.uin:
            for service, prefix in (("cvm", "instance"), ("cbs", "instance"), ("cvm", "snapshot")):
                for thing in getattr(region, KINDS[service, prefix]).values():
                    yield Resource(service, prefix, region, thing)
