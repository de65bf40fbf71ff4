"""Following, where the cloud refuses a tag here and there: the others get theirs, and it is said which."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cbsnap.jobs.follow import follow
from cbsnap.model.labels import Label
from cbsnap.model.plan import Plan, Target
from cbsnap.model.policies import Keep, Policy, Quiesce, Selection
from cbsnap.upkeep import Action, Change, Finding, Trouble

from tests.unit.jobs.shelf import FakeJournal

from .conftest import HERE

if TYPE_CHECKING:
    from cbsnap.jobs.inventory import Inventory

    from .conftest import Account

DISKS = [f"disk-{number:02}" for number in range(12)]
ROWS = ", ".join(f"{{id: {one}}}" for one in DISKS)
FLEET = f"""
regions:
  ap-guangzhou:
    disks: [{ROWS}]
"""
POLICY = Policy(
    "orders",
    Selection(),
    "* * * * *",
    "UTC",
    timedelta(hours=1),
    Keep(last=1),
    quiesce=Quiesce("mysql"),
    good=Label.APPLICATION,
)
PLAN = Plan("prod", (Target(HERE),), (POLICY,))
pytestmark = pytest.mark.fleet(FLEET)


def taken(account: Account, **tags: str) -> list[str]:
    account.tags = {f"cbsnap:{key}": value for key, value in tags.items()}
    name = f"orders.{account.now():%Y%m%dT%H%MZ}."
    names = {one: name + one.removeprefix("disk-") for one in DISKS}
    made = account.regions.at(Target(HERE)).create_snapshots(names, account.tags, 10)
    account.advance(timedelta(hours=2))
    return [str(made[one]) for one in DISKS]


def followed(account: Account, inventory: Inventory) -> tuple[list[tuple[Action, str]], list[str]]:
    """Follow; return what was done, and what was refused."""
    notes = list(follow(PLAN, inventory, FakeJournal(), account.now()))
    done = [(note.action, note.subject) for note in notes if isinstance(note, Change)]
    refused = [
        note.subject for note in notes if isinstance(note, Finding) and note.trouble is Trouble.REFUSED
    ]
    return done, refused


def full_of_tags(account: Account, snapshot_id: str) -> None:
    account.held().snapshots[snapshot_id].tags.update({f"of-others-{number}": "" for number in range(50)})


def test_one_that_takes_no_more_tags_keeps_no_other_from_being_adopted(account: Account) -> None:
    ids = taken(account)
    full_of_tags(account, ids[4])

    done, refused = followed(account, account.inventory())

    assert refused == [ids[4]]
    assert {subject for action, subject in done if action is Action.ADOPTED} == {*ids} - {ids[4]}
    owned = [one for one in ids if "cbsnap:deployment" in account.held().snapshots[one].tags]
    assert owned == [one for one in ids if one != ids[4]]


def test_one_that_was_deleted_since_the_listing_keeps_no_other_from_its_label(account: Account) -> None:
    ids = taken(account, deployment="prod", policy="orders")
    listed = account.inventory()
    account.held().drop_snapshot(ids[0])

    done, refused = followed(account, listed)

    assert refused == [ids[0]]
    assert {subject for action, subject in done if action is Action.LABELLED} == {*ids[1:]}
    assert {account.held().snapshots[one].tags["cbsnap:label"] for one in ids[1:]} == {"crash"}
