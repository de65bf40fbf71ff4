"""A large fleet: counted in work done, not in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.pytest_plugin import LocalCloud

    Call = Callable[..., dict[str, Any]]

FLEET = """
regions:
  ap-guangzhou:
    disks: [{id: disk-big, count: 600, existing_snapshots: 5, tags: {app: orders}}]
"""
pytestmark = pytest.mark.fleet(FLEET)


def test_a_large_fleet_is_listed_whole_by_pages(call: Call) -> None:
    pages = [call("cbs", "DescribeSnapshots", Limit=100, Offset=offset) for offset in range(0, 3_000, 100)]

    assert len({each["SnapshotId"] for page in pages for each in page["SnapshotSet"]}) == 3_000
    assert {page["TotalCount"] for page in pages} == {3_000}


def test_a_filtered_list_is_made_once_for_all_its_pages_and_anew_after_a_change(
    localcloud: LocalCloud, call: Call
) -> None:
    region = localcloud.cloud.world.regions["100000000001", "ap-guangzhou"]
    normal = [{"Name": "snapshot-state", "Values": ["NORMAL"]}]
    first = call("cbs", "DescribeSnapshots", Filters=normal, Limit=100)
    kept = dict(localcloud.cloud._made)  # noqa: SLF001  # that it is kept is what is to be shown

    second = call("cbs", "DescribeSnapshots", Filters=normal, Limit=100, Offset=100)
    still = dict(localcloud.cloud._made)  # noqa: SLF001  # as above
    call("cbs", "DeleteSnapshots", SnapshotIds=[next(iter(region.snapshots))])
    third = call("cbs", "DescribeSnapshots", Filters=normal, Limit=100, Offset=200)

    assert [id(rows) for _, rows in still.values()] == [id(rows) for _, rows in kept.values()]
    assert (first["TotalCount"], second["TotalCount"], third["TotalCount"]) == (3_000, 3_000, 2_999)


def test_a_disks_snapshots_are_found_without_looking_at_the_others(
    localcloud: LocalCloud, call: Call
) -> None:
    region = localcloud.cloud.world.regions["100000000001", "ap-guangzhou"]
    del region.snapshots["snap-big-000599-04"]  # looking at every row would miss it and fail

    found = call("cbs", "DescribeSnapshots", Filters=[{"Name": "disk-id", "Values": ["disk-big-000007"]}])

    assert [each["SnapshotId"] for each in found["SnapshotSet"]] == [
        f"snap-big-000007-{number:02}" for number in (4, 3, 2, 1, 0)
    ]
