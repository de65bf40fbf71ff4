from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.accounts import Credentials
    from localcloud.pytest_plugin import LocalCloud

    Call = Callable[..., dict[str, Any]]


def disks(call: Call, **filters: list[str]) -> set[str]:
    asked = [{"Name": name, "Values": values} for name, values in filters.items()]
    return {each["DiskId"] for each in call("cbs", "DescribeDisks", Filters=asked, Limit=100)["DiskSet"]}


def test_filters_are_anded_and_their_values_ored(call: Call) -> None:
    both = disks(call, **{"tag:app": ["orders", "web"], "disk-usage": ["DATA_DISK"]})
    unattached = disks(call, **{"disk-state": ["UNATTACHED"], "disk-name": ["spare", "far away"]})
    on_host = disks(call, **{"instance-ip-address": ["10.0.0.12"]})
    keyed = disks(call, **{"tag-key": ["tier"]})

    assert both == {"disk-orders-a", "disk-orders-b"}
    assert unattached == {"disk-spare001"}
    assert on_host == {"disk-web-sys1", "disk-shared01"}
    assert keyed == {"disk-orders-a", "disk-orders-b"}


def test_a_filter_takes_ten_disks_at_most(call: Call) -> None:
    ids = [f"disk-{number}" for number in range(11)]

    fits = call("cbs", "DescribeSnapshots", Filters=[{"Name": "disk-id", "Values": ids[:10]}])
    with pytest.raises(TencentCloudSDKException) as refused:
        call("cbs", "DescribeSnapshots", Filters=[{"Name": "disk-id", "Values": ids}])

    assert fits["TotalCount"] == 0
    assert refused.value.code == "InvalidParameterValue.LimitExceeded"


@pytest.mark.parametrize(
    ("filters", "sizes"),
    [(None, [30, 30, 5, 0]), ([{"Name": "snapshot-state", "Values": ["NORMAL"]}], [30, 30, 4, 0])],
)
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_pages_hold_every_snapshot_once_and_end_empty(
    call: Call, filters: object, sizes: list[int], order: str
) -> None:
    pages = [
        call("cbs", "DescribeSnapshots", Limit=30, Offset=offset, Filters=filters, Order=order)
        for offset in (0, 30, 60, 90)
    ]

    found = [each["SnapshotId"] for page in pages for each in page["SnapshotSet"]]

    assert [len(page["SnapshotSet"]) for page in pages] == sizes
    assert len(set(found)) == sum(sizes)
    assert {page["TotalCount"] for page in pages} == {sum(sizes)}


def test_the_newest_snapshot_comes_first_unless_asked_otherwise(localcloud: LocalCloud, call: Call) -> None:
    older = call("cbs", "CreateSnapshot", DiskId="disk-orders-a")["SnapshotId"]
    localcloud.cloud.clock.advance(10)
    newer = call("cbs", "CreateSnapshot", DiskId="disk-orders-b")["SnapshotId"]
    chosen = [{"Name": "disk-id", "Values": ["disk-orders-a", "disk-orders-b"]}]

    down = call("cbs", "DescribeSnapshots", Filters=chosen)["SnapshotSet"]
    up = call("cbs", "DescribeSnapshots", Filters=chosen, Order="ASC", OrderField="CREATE_TIME")[
        "SnapshotSet"
    ]

    assert [each["SnapshotId"] for each in down] == [newer, older]
    assert [each["SnapshotId"] for each in up] == [older, newer]


def test_the_overview_counts_what_the_region_holds(call: Call) -> None:
    overview = call("cbs", "DescribeSnapshotOverview")
    elsewhere = call("cbs", "DescribeSnapshotOverview", region="ap-singapore")

    assert (overview["TotalNums"], overview["TotalSize"]) == (65, 65 * 50.0)
    assert (elsewhere["TotalNums"], elsewhere["TotalSize"]) == (0, 0.0)


def test_an_instance_shows_its_disks(call: Call) -> None:
    answer = call("cvm", "DescribeInstances", Filters=[{"Name": "tag:app", "Values": ["orders"]}])

    assert [each["InstanceId"] for each in answer["InstanceSet"]] == ["ins-orders01"]
    held = {each["DiskId"] for each in answer["InstanceSet"][0]["DataDisks"]}
    assert held == {"disk-orders-a", "disk-orders-b", "disk-shared01"}


TWO_ACCOUNTS = """
accounts:
  - {uin: "100000000001", secret_id: AKIDone, secret_key: one}
  - {uin: "100000000002", secret_id: AKIDtwo, secret_key: two}
regions:
  ap-guangzhou:
    disks:
      - {id: disk-one}
      - {id: disk-two, account: "100000000002"}
"""


@pytest.mark.fleet(TWO_ACCOUNTS)
def test_an_account_sees_its_own_disks_only(localcloud: LocalCloud, call: Call) -> None:
    second = localcloud.cloud.mint_credentials("100000000002")

    own = disks(call)
    answer = call("cbs", "DescribeDisks", credential=as_sdk(second))

    assert own == {"disk-one"}
    assert [each["DiskId"] for each in answer["DiskSet"]] == ["disk-two"]


def as_sdk(minted: Credentials) -> Credential:
    return Credential(minted.secret_id, minted.secret_key, minted.token)
