"""The adapter's own decisions about paging, over an account that answers as told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap.tencent.region import PAGES_AT_ONCE, Region

if TYPE_CHECKING:
    from collections.abc import Mapping


class Account:
    """Answers DescribeDisks; `most` rows a page, whatever was asked for."""

    region = "ap-guangzhou"

    def __init__(self, disks: int, most: int = 100, together: int = 1) -> None:
        self._disks, self._most = disks, most
        self._together = threading.Barrier(together)
        self.calls: list[int] = []

    def read(self, _service: str, _action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self.calls.append(params["Offset"])
        if params["Offset"]:
            self._together.wait(30)
        end = min(self._disks, params["Offset"] + min(self._most, params["Limit"]))
        rows = [row(number) for number in range(params["Offset"], end)]
        return {"TotalCount": self._disks, "DiskSet": rows}


def row(number: int) -> dict[str, Any]:
    return {
        "DiskId": f"disk-{number:06}",
        "DiskName": "data",
        "DiskUsage": "DATA_DISK",
        "DiskState": "ATTACHED",
        "DiskSize": 10,
        "Placement": {"Zone": "ap-guangzhou-6"},
        "SnapshotAbility": True,
    }


def listed(account: Account) -> list[str]:
    return [disk.id for disk in Region(account).disks()]  # type: ignore[arg-type]  # all it is asked for is `read`


@pytest.mark.parametrize("disks", [0, 1, 99, 100, 101, 1234])
def test_all_disks_are_listed_once_and_in_order(disks: int) -> None:
    assert listed(Account(disks)) == [f"disk-{number:06}" for number in range(disks)]


def test_a_page_that_comes_short_loses_no_disk() -> None:
    assert listed(Account(250, most=30)) == [f"disk-{number:06}" for number in range(250)]


def test_a_hundred_disks_cost_a_call() -> None:
    account = Account(1000)

    listed(account)

    assert len(account.calls) == 10


def test_pages_are_read_side_by_side() -> None:
    pages = 1 + PAGES_AT_ONCE

    assert len(listed(Account(pages * 100, together=PAGES_AT_ONCE))) == pages * 100
