"""`cbsnap snapshots` and `cbsnap show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import FLEET

if TYPE_CHECKING:
    from .conftest import Command

pytestmark = pytest.mark.fleet(FLEET)


def test_snapshots_are_listed_with_what_is_not_ours_only_when_asked(command: Command) -> None:
    made = command.taken(1)
    command.account.tags = {"cbsnap:deployment": "staging"}
    other = command.taken(2)

    _, ours = command.json("snapshots", "list")
    _, everything = command.json("snapshots", "list", "--all")
    _, of_b = command.json("snapshots", "list", "--disk", "disk-b")
    _, table = command.run("snapshots", "list")

    assert [one["id"] for one in ours["items"]] == [made]
    assert {one["id"]: one["ours"] for one in everything["items"]} == {made: True, other: False}
    assert of_b["items"] == []
    assert made in table
    assert "1 of 2 snapshots" in table


def test_show_says_what_a_snapshot_is_worth_and_why_it_stays(command: Command) -> None:
    made = command.taken(1)

    code, facts = command.json("show", made)
    _, page = command.run("show", made)

    assert code == 0
    assert (facts["label"], facts["retention"]) == ("application", "stays: newest good one, last 1")
    assert "stays: newest good one" in page


def test_what_only_lacks_the_tag_is_adopted_with_its_fate_told_before(command: Command) -> None:
    command.account.tags = {}
    old, new = command.taken(9), command.taken(1)

    asked, printed = command.run("snapshots", "adopt", old, new)
    done, _ = command.run("snapshots", "adopt", old, new, "--yes")
    _, listed = command.json("snapshots", "list")

    assert (asked, done) == (4, 0)
    assert "then it goes in the next pass: no rule keeps it" in printed
    assert "then it stays: newest good one" in printed
    assert {one["id"] for one in listed["items"]} == {old, new}


@pytest.mark.parametrize(
    ("tags", "name", "why"),
    [
        ({"cbsnap:deployment": "staging"}, "orders.20260101T0000Z.a", "is deployment staging's"),
        ({"cbsnap:deployment": "prod"}, "orders.20260101T0000Z.a", "is this deployment's already"),
        ({}, "orders.20260101T0000Z.b", "is of disk-a, its name says disk-b"),
        ({}, "before the upgrade", "has no name of ours"),
    ],
)
def test_what_cannot_be_ours_is_not_adopted(
    command: Command, tags: dict[str, str], name: str, why: str
) -> None:
    made = command.taken(1)
    held = command.account.held().snapshots[made]
    held.tags, held.name = dict(tags), name

    code, printed = command.run("snapshots", "adopt", made, "--yes")

    assert code == 3
    assert why in printed
    assert held.tags == tags
