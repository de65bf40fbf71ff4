"""`cbsnap plan`: when and what, and nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.faults import Fault

from .conftest import FLEET

if TYPE_CHECKING:
    from .conftest import Command

pytestmark = pytest.mark.fleet(FLEET)


def test_plan_says_when_and_what_and_takes_nothing(command: Command) -> None:
    code, printed = command.run("plan")
    _, stated = command.json("plan", "orders")

    assert code == 0
    for word in ("orders: next", "disk-a", "would be taken", "UTC"):
        assert word in printed
    (one,) = stated["items"]
    assert len(one["next_runs"]) == 3
    assert [(each["disk_id"], each["decision"]) for each in one["now"][0]["outcomes"]] == [
        ("disk-a", "would be taken")
    ]
    assert command.left() == []
    assert not [one for one in command.account.local.cloud.requests if one["action"] == "CreateSnapshot"]


def test_a_plan_that_cannot_be_made_everywhere_says_so_in_its_exit_code(command: Command) -> None:
    command.account.local.cloud.faults.add(
        [Fault("error", code="AuthFailure.UnauthorizedOperation", times=0)]
    )

    code, printed = command.run("plan")

    assert code == 1
    assert "UnauthorizedOperation" in printed
