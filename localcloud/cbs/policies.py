"""The cloud's own automatic snapshot policies: they are read and bound here, and take no snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from localcloud.cbs import errors
from localcloud.cbs.lookup import find_disk
from localcloud.cbs.service import SERVICE
from localcloud.errors import InvalidParameter, MissingParameter
from localcloud.listing import Columns, Filter
from localcloud.moments import SHANGHAI, shanghai
from localcloud.parameters import Between, Ids, OneOf, Page
from localcloud.tagging import shown

if TYPE_CHECKING:
    from localcloud.resources import AutoPolicy, Region
    from localcloud.service import Answer, Call

DISKS_A_CALL = 80


def find_policy(region: Region, policy_id: str) -> AutoPolicy:
    """Return an automatic policy of the region; raises InvalidAutoSnapshotPolicyId.NotFound."""
    if policy_id not in region.policies:
        raise errors.InvalidAutoSnapshotPolicyIdNotFound(policy=policy_id)
    return region.policies[policy_id]


def next_trigger_s(policy: AutoPolicy, now_s: float) -> float:
    """Return the next whole hour in Asia/Shanghai that a policy names; Sunday is day 0."""
    hour = datetime.fromtimestamp(now_s, SHANGHAI).replace(minute=0, second=0, microsecond=0)
    for _ in range(8 * 24):
        hour += timedelta(hours=1)
        if hour.hour in policy.hours and (
            not policy.days_of_week or hour.isoweekday() % 7 in policy.days_of_week
        ):
            break
    return hour.timestamp()


def show_policy(policy: AutoPolicy, region: Region, now_s: float, *, with_disks: bool) -> Answer:
    """Show a policy; its disks are left out where the disk is what was asked for (SDK)."""
    bound = [disk for disk in region.disks.values() if policy.id in disk.policies] if with_disks else []
    return {
        "AutoSnapshotPolicyId": policy.id,
        "AutoSnapshotPolicyName": policy.name,
        "AutoSnapshotPolicyState": "NORMAL",
        "IsActivated": policy.activated,
        "IsPermanent": policy.retention_days == 0,
        "RetentionDays": policy.retention_days,
        "RetentionMonths": 0,
        "RetentionAmount": 0,
        "AdvancedRetentionPolicy": None,
        "Policy": [
            {
                "Hour": policy.hours,
                "DayOfWeek": policy.days_of_week,
                "DayOfMonth": [],
                "IntervalDays": 0,
            }
        ],
        "NextTriggerTime": shanghai(next_trigger_s(policy, now_s)),
        "CreateTime": shanghai(policy.created_s),
        "DiskIdSet": [disk.id for disk in bound],
        "InstanceIdSet": list(dict.fromkeys(each for disk in bound for each in disk.instances)),
        "IsCopyToRemote": 0,
        "CopyToAccountUin": None,
        "CopyFromAccountUin": None,
        "Tags": shown(policy.tags),
    }


_COLUMNS: Columns[AutoPolicy] = Columns(
    {
        "auto-snapshot-policy-id": lambda policy: (policy.id,),
        "auto-snapshot-policy-name": lambda policy: (policy.name,),
        "auto-snapshot-policy-state": lambda _: ("NORMAL",),
    },
    tags=lambda policy: policy.tags,
)


@SERVICE.action
@dataclass(frozen=True)
class DescribeAutoSnapshotPolicies:
    """List automatic policies."""

    auto_snapshot_policy_ids: Ids | None = None
    filters: list[Filter] | None = None
    limit: Page = 20
    offset: Annotated[int, Between(0, 10**9)] = 0
    order: Annotated[str, OneOf("ASC", "DESC")] = "DESC"
    order_field: Annotated[str, OneOf("CREATE_TIME")] = "CREATE_TIME"

    def answer(self, call: Call) -> Answer:
        """Answer with a page of policies and how many there are in all."""
        region = call.here
        if self.auto_snapshot_policy_ids and self.filters:
            raise InvalidParameter(name="Filters", reason="not together with AutoSnapshotPolicyIds")
        wanted = self.auto_snapshot_policy_ids or list(region.policies)
        rows = _COLUMNS.choose([each for each in region.policies.values() if each.id in wanted], self.filters)
        rows.sort(key=lambda each: (each.created_s, each.id), reverse=self.order != "ASC")
        page = rows[self.offset : self.offset + self.limit]
        return {
            "TotalCount": len(rows),
            "AutoSnapshotPolicySet": [
                show_policy(each, region, call.now_s, with_disks=True) for each in page
            ],
        }


@SERVICE.action
@dataclass(frozen=True)
class DescribeDiskAssociatedAutoSnapshotPolicy:
    """List the automatic policies that a disk is bound to."""

    disk_id: str

    def answer(self, call: Call) -> Answer:
        """Answer with the policies, without their disks."""
        region = call.here
        bound = [find_policy(region, each) for each in find_disk(region, self.disk_id).policies]
        return {
            "TotalCount": len(bound),
            "AutoSnapshotPolicySet": [
                show_policy(each, region, call.now_s, with_disks=False) for each in bound
            ],
        }


@SERVICE.action
@dataclass(frozen=True)
class BindAutoSnapshotPolicy:
    """Bind disks to an automatic policy, all or none; one that is bound already stays so [inferred]."""

    auto_snapshot_policy_id: str
    disk_ids: Annotated[list[str], Between(1, DISKS_A_CALL)]

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        policy = find_policy(call.here, self.auto_snapshot_policy_id)
        for disk in [find_disk(call.here, each) for each in self.disk_ids]:
            if policy.id not in disk.policies:
                disk.policies.append(policy.id)
        return {}


@SERVICE.action
@dataclass(frozen=True)
class UnbindAutoSnapshotPolicy:
    """Take disks off an automatic policy, named by themselves or by their instances."""

    auto_snapshot_policy_id: str
    disk_ids: list[str] | None = None
    instance_ids: list[str] | None = None

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        if not self.disk_ids and not self.instance_ids:
            raise MissingParameter(name="DiskIds, InstanceIds")
        policy = find_policy(call.here, self.auto_snapshot_policy_id)
        named = [find_disk(call.here, each) for each in self.disk_ids or ()]
        for disk in call.here.disks.values():
            if disk in named or not set(disk.instances).isdisjoint(self.instance_ids or ()):
                disk.policies = [each for each in disk.policies if each != policy.id]
        return {}
