"""Listing instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.cvm.errors import InvalidFilterValueLimitExceeded
from localcloud.cvm.service import SERVICE
from localcloud.cvm.views import disks_by_instance, show_instance
from localcloud.errors import InvalidParameter
from localcloud.listing import Columns, Filter
from localcloud.parameters import AtMost, Between

if TYPE_CHECKING:
    from localcloud.resources import Instance
    from localcloud.service import Answer, Call

COLUMNS: Columns[Instance] = Columns(
    {
        "instance-id": lambda instance: (instance.id,),
        "instance-name": lambda instance: (instance.name,),
        "instance-state": lambda instance: (instance.state,),
        "instance-charge-type": lambda _: ("POSTPAID_BY_HOUR",),
        "private-ip-address": lambda instance: (instance.ip,),
        "zone": lambda instance: (instance.zone,),
        "project-id": lambda _: ("0",),
    },
    tags=lambda instance: instance.tags,
    values_at_most=5,
    too_many=InvalidFilterValueLimitExceeded,
)


@SERVICE.action
@dataclass(frozen=True)
class DescribeInstances:
    """List instances. Not emulated: the filters for hosts, networks, groups and creation times."""

    instance_ids: Annotated[list[str], AtMost(100)] | None = None
    filters: Annotated[list[Filter], AtMost(10)] | None = None
    offset: Annotated[int, Between(0, 10**9)] = 0
    limit: Annotated[int, Between(1, 100)] = 20

    def answer(self, call: Call) -> Answer:
        """Answer with a page of instances and how many there are in all; unknown ids are left out."""
        region = call.here
        if self.instance_ids and self.filters:
            raise InvalidParameter(name="Filters", reason="not together with InstanceIds")
        wanted = frozenset(self.instance_ids or region.instances)
        rows = [each for each in region.instances.values() if each.id in wanted]
        rows = COLUMNS.choose(rows, self.filters)
        attached = disks_by_instance(region)
        shown = rows[self.offset : self.offset + self.limit]
        return {
            "TotalCount": len(rows),
            "InstanceSet": [show_instance(each, attached[each.id]) for each in shown],
        }
