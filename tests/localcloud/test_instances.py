from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.exception import TencentCloudSDKException

from localcloud.cbs.policies import next_trigger_s
from localcloud.moments import read_moment, shanghai
from localcloud.resources import AutoPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pytest_plugin import LocalCloud

    Call = Callable[..., dict[str, Any]]


def state(call: Call, instance: str) -> str:
    found = call("cvm", "DescribeInstances", InstanceIds=[instance])["InstanceSet"][0]
    return f"{found['InstanceState']} {found['LatestOperationState']} {found['StopChargingMode']}"


def test_an_instance_stops_and_starts_in_its_time(localcloud: LocalCloud, call: Call) -> None:
    seen = []

    call("cvm", "StopInstances", InstanceIds=["ins-orders01"], StopType="SOFT", StoppedMode="STOP_CHARGING")
    for _ in range(2):
        seen.append(state(call, "ins-orders01"))
        localcloud.cloud.clock.advance(1)
    call("cvm", "StartInstances", InstanceIds=["ins-orders01"])
    for _ in range(2):
        seen.append(state(call, "ins-orders01"))
        localcloud.cloud.clock.advance(1)

    assert seen == [
        "STOPPING SUCCESS NOT_APPLICABLE",
        "STOPPED SUCCESS STOP_CHARGING",
        "STARTING SUCCESS NOT_APPLICABLE",
        "RUNNING SUCCESS NOT_APPLICABLE",
    ]


@pytest.mark.parametrize(
    ("action", "instances", "expected"),
    [
        ("StopInstances", ["ins-orders01", "ins-none0001"], "InvalidInstanceId.NotFound"),
        ("StopInstances", ["ins-orders01", "ins-stopped1"], "UnsupportedOperation.InstanceStateStopped"),
        ("StartInstances", ["ins-stopped1", "ins-orders01"], "UnsupportedOperation.InstanceStateRunning"),
    ],
)
def test_instances_are_turned_all_or_none(
    call: Call, action: str, instances: list[str], expected: str
) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cvm", action, InstanceIds=instances)

    assert refused.value.code == expected
    assert state(call, "ins-orders01").startswith("RUNNING")
    assert state(call, "ins-stopped1").startswith("STOPPED")


def test_regions_and_zones_are_those_of_the_fleet(call: Call) -> None:
    regions = call("cvm", "DescribeRegions", region="")["RegionSet"]
    zones = call("cvm", "DescribeZones", region="ap-singapore")["ZoneSet"]

    assert [each["Region"] for each in regions] == ["ap-guangzhou", "ap-singapore"]
    assert [each["Zone"] for each in zones] == ["ap-singapore-1"]


def test_disks_are_bound_to_an_automatic_policy_and_taken_off_by_their_instance(call: Call) -> None:
    def bound() -> set[str]:
        return set(call("cbs", "DescribeAutoSnapshotPolicies")["AutoSnapshotPolicySet"][0]["DiskIdSet"])

    before = bound()
    call("cbs", "BindAutoSnapshotPolicy", AutoSnapshotPolicyId="asp-nightly1", DiskIds=["disk-orders-a"])
    between = bound()
    call("cbs", "UnbindAutoSnapshotPolicy", AutoSnapshotPolicyId="asp-nightly1", InstanceIds=["ins-orders01"])

    assert before == {"disk-web-sys1"}
    assert between == {"disk-web-sys1", "disk-orders-a"}
    assert bound() == {"disk-web-sys1"}


def test_eighty_disks_are_bound_in_a_call_at_most(call: Call) -> None:
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "BindAutoSnapshotPolicy", AutoSnapshotPolicyId="asp-nightly1", DiskIds=["disk-a"] * 81)

    assert "DiskIds" in refused.value.message


def test_an_automatic_policy_shows_when_it_would_be_next() -> None:
    now_s = read_moment("2026-11-22T10:30:00+08:00", "now")  # a Sunday

    daily = next_trigger_s(AutoPolicy("a", 0, hours=[3, 11]), now_s)
    weekly = next_trigger_s(AutoPolicy("a", 0, hours=[3], days_of_week=[0]), now_s)

    assert shanghai(daily) == "2026-11-22 11:00:00"
    assert shanghai(weekly) == "2026-11-29 03:00:00"


def test_a_sixth_value_of_a_filter_has_its_own_code(call: Call) -> None:
    filters = [{"Name": "zone", "Values": [f"ap-guangzhou-{number}" for number in range(6)]}]

    with pytest.raises(TencentCloudSDKException) as refused:
        call("cvm", "DescribeInstances", Filters=filters)

    assert refused.value.code == "InvalidFilterValue.LimitExceeded"
