"""Sizes as the cloud tells them, and what other rules would free."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cbsnap.jobs.cost import change, cost
from cbsnap.model.labels import Label
from cbsnap.model.plan import Plan, Target
from cbsnap.model.policies import Keep, Policy, Selection

from .conftest import HERE

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Account

FLEET = """
regions:
  ap-guangzhou:
    disks: [{id: disk-a}, {id: disk-b}]
"""
POLICY = Policy(
    "orders", Selection(), "0 2 * * *", "UTC", timedelta(hours=1), Keep(last=9), good=Label.APPLICATION
)
PLAN = Plan("prod", (Target(HERE),), (POLICY,))
pytestmark = pytest.mark.fleet(FLEET)


def test_sizes_are_the_clouds_and_shares_add_up(account: Account, tmp_path: Path) -> None:
    content = tmp_path / "disk-a"
    content.write_bytes(b"x" * (8 << 20))
    account.held().disks["disk-a"].content = str(content)
    for _ in range(4):
        account.take()
        account.advance(timedelta(days=1))

    taken = cost(account.inventory())
    now = change(PLAN, account.inventory(), account.now())
    fewer = replace(PLAN, policies=(replace(POLICY, keep=Keep(last=1)),))
    then = change(fewer, account.inventory(), account.now())

    assert taken.by_disk.keys() == {"disk-a"}
    assert taken.by_policy == {"orders": pytest.approx(taken.by_disk["disk-a"])}
    assert (now.stays, now.goes, now.frees_gib) == (4, 0, 0)
    assert (then.stays, then.goes) == (1, 3)
    assert then.frees_gib == pytest.approx(taken.by_disk["disk-a"] * 3 / 4)
