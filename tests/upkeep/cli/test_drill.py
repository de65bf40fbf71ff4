"""`cbsnap drill`: what would be tried is shown; what comes of it is in tests/functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import FLEET

if TYPE_CHECKING:
    from .conftest import Command

pytestmark = pytest.mark.fleet(FLEET)


@pytest.mark.parametrize("arguments", [(), ("orders",), ("start", "orders"), ("--wait",)])
def test_what_would_be_tried_is_shown_first(command: Command, arguments: tuple[str, ...]) -> None:
    made = command.taken(1)

    code, printed = command.run("drill", *arguments)

    assert code == 4
    for word in (made, "disk-a", "ins-scratch", "filesystems and markers", "--yes"):
        assert word in printed
    assert command.sent("Invoke") == 0


def test_a_policy_without_anything_good_is_not_drilled(command: Command) -> None:
    command.taken(1, label="crash")

    code, printed = command.run("drill", "orders")

    assert code == 3
    assert "orders has no good run of data disks that is whole" in printed


def test_two_policies_on_one_instance_are_drilled_one_after_the_other_or_not_at_all(command: Command) -> None:
    command.taken(1)
    text = command.policies.read_text()
    other = text[text.index("  orders:") :].replace("  orders:", "  orders-too:")
    command.policies.write_text(text + other)
    command.taken(0.5, policy="orders-too")

    code, printed = command.run("drill", "--yes")

    assert code == 3
    assert "ins-scratch takes one drill at a time" in printed


def test_an_instance_with_a_drill_under_way_is_left_alone(command: Command) -> None:
    made = command.taken(1)
    tags = {"cbsnap:deployment": "prod", "cbsnap:restore": "making"}
    clone = command.account.held().disks["disk-b"]
    clone.name, clone.tags = f"drill-{made}.0123456.1.ins-scratch", tags

    code, printed = command.run("drill", "orders")
    _, stated = command.json("drill", "list")

    assert code == 3
    assert "has a drill under way" in printed
    assert [(one["snapshot_id"], one["verdict"]) for one in stated["items"]] == [(made, None)]


@pytest.mark.parametrize(("verdict", "code"), [("passed", 0), ("unfinished", 0), ("failed", 1), ("late", 1)])
def test_how_drills_stand_is_listed_and_said_where_the_reasons_are(
    command: Command, verdict: str, code: int
) -> None:
    made = command.taken(1)
    command.account.held().snapshots[made].tags["cbsnap:drill"] = verdict

    exit_code, printed = command.run("drill", "list")
    _, stated = command.json("drill", "list")

    assert exit_code == code
    for word in (made, verdict, "CBSNAP_LOG_TOPIC"):
        assert word in printed
    assert (stated["items"][0]["verdict"], stated["items"][0]["reason"]) == (verdict, None)


def test_before_the_first_drill_there_is_none(command: Command) -> None:
    code, printed = command.run("drill", "list")

    assert code == 0
    assert "nothing has been drilled yet" in printed
