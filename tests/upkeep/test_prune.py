"""Deleting and expiring against the cloud's own refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cbsnap.jobs.prune import prune
from cbsnap.model.labels import Label
from cbsnap.model.plan import Plan, Target
from cbsnap.model.policies import Keep, Policy, Selection
from cbsnap.upkeep import Finding

from localcloud.faults import Fault

from .conftest import HERE

if TYPE_CHECKING:
    from .conftest import Account

FLEET = """
regions:
  ap-guangzhou:
    disks: [{id: disk-a}]
"""
POLICY = Policy(
    "orders", Selection(), "0 2 * * *", "UTC", timedelta(hours=1), Keep(last=1), good=Label.APPLICATION
)
PLAN = Plan("prod", (Target(HERE),), (POLICY,))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
pytestmark = pytest.mark.fleet(FLEET)


def pruned(account: Account) -> list[str]:
    """Prune; return the reasons of what was refused."""
    notes = list(prune(PLAN, account.inventory(), account.lifecycles.at(Target(HERE)), account.now()))
    return [note.reason for note in notes if isinstance(note, Finding)]


def test_the_cloud_deletes_what_no_rule_keeps(account: Account) -> None:
    account.take()
    account.advance(DAY)
    newest = account.take()

    refused = pruned(account)

    assert refused == []
    assert list(account.held().snapshots) == [newest]


@pytest.mark.parametrize("code", ["ResourceBusy", "ResourceUnavailable.SnapshotCreating"])
def test_one_that_is_busy_keeps_no_other_from_being_deleted(account: Account, code: str) -> None:
    taken = []
    for _ in range(4):
        taken.append(account.take())
        account.advance(DAY)
    busy = Fault("error", action="DeleteSnapshots", where={"SnapshotIds": taken[1]}, code=code, times=0)
    account.local.cloud.faults.add([busy])

    refused = pruned(account)

    assert list(account.held().snapshots) == [taken[1], taken[3]]
    assert len(refused) == 1
    assert code in refused[0]


def test_a_busy_one_keeps_no_other_from_getting_its_end(account: Account) -> None:
    busy = account.take(label="crash")
    account.advance(HOUR)
    lesser = account.take(label="crash")
    account.advance(HOUR)
    account.take()
    where: dict[str, object] = {"SnapshotId": busy}
    account.local.cloud.faults.add(
        [Fault("error", action="ModifySnapshotAttribute", where=where, code="ResourceBusy", times=0)]
    )

    refused = pruned(account)

    assert len(refused) == 1
    assert account.held().snapshots[lesser].deadline_s


def test_what_came_to_be_shared_since_the_listing_is_refused_alone(account: Account) -> None:
    taken = []
    for _ in range(4):
        taken.append(account.take())
        account.advance(DAY)
    listed = account.inventory()
    account.held().snapshots[taken[1]].shared_with["200000000002"] = 0.0

    notes = list(prune(PLAN, listed, account.lifecycles.at(Target(HERE)), account.now()))

    assert list(account.held().snapshots) == [taken[1], taken[3]]
    assert [note.subject for note in notes if isinstance(note, Finding)] == [taken[1]]


def test_a_lesser_one_expires_by_itself_and_the_good_one_outlives_a_year_without_a_pass(
    account: Account,
) -> None:
    account.take(label="crash")
    account.advance(DAY)
    good = account.take()
    pruned(account)

    account.advance(timedelta(days=365))

    assert list(account.held().snapshots) == [good]


def test_without_a_good_one_nothing_ever_expires(account: Account) -> None:
    crash = account.take(label="crash")
    pruned(account)

    account.advance(timedelta(days=365))

    assert list(account.held().snapshots) == [crash]


def test_the_end_of_a_lesser_one_is_lifted_when_the_good_one_is_gone(account: Account) -> None:
    crash = account.take(label="crash")
    account.advance(DAY)
    good = account.take()
    pruned(account)
    account.held().drop_snapshot(good)

    pruned(account)
    account.advance(timedelta(days=365))

    assert list(account.held().snapshots) == [crash]


def test_one_that_somebody_deletes_before_it_gets_an_end_is_no_trouble(account: Account) -> None:
    crash = account.take(label="crash")
    account.advance(DAY)
    good = account.take()
    listed = account.inventory()
    account.held().drop_snapshot(crash)

    notes = list(prune(PLAN, listed, account.lifecycles.at(Target(HERE)), account.now()))

    assert notes == []
    assert list(account.held().snapshots) == [good]


@pytest.mark.parametrize("wrong", [timedelta(hours=-1), timedelta(hours=1)])
def test_a_clock_an_hour_wrong_keeps_all_that_is_not_within_that_hour_of_its_end(
    account: Account, wrong: timedelta
) -> None:
    lesser = []
    for _ in range(5):
        lesser.append(account.take(label="crash"))
        account.advance(DAY)
    good = account.take()
    account.advance(DAY / 2)

    list(prune(PLAN, account.inventory(), account.lifecycles.at(Target(HERE)), account.now() + wrong))

    left = account.held().snapshots
    assert list(left) == [*lesser[-2:], good]
    ends = [one.deadline_s for one in left.values() if one.deadline_s]
    assert len(ends) == 2
    assert min(ends) > (account.now() + 6 * DAY).timestamp()
