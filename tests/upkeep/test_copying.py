"""Copies in another region and shares with another account, as the cloud itself keeps them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cbsnap.jobs.copying import copied, copies_taken_over
from cbsnap.jobs.prune import prune
from cbsnap.jobs.sharing import shared
from cbsnap.model.labels import Label
from cbsnap.model.plan import Plan, Target
from cbsnap.model.policies import Copying, Keep, Policy, Selection, Sharing
from cbsnap.upkeep import Action, Change, Finding, Trouble

from localcloud.faults import Fault

from .conftest import HERE

if TYPE_CHECKING:
    from cbsnap.upkeep import Note

    from .conftest import Account

THERE = "ap-singapore"
OTHER = "200000000002"
FLEET = """
regions:
  ap-guangzhou:
    instances: [{id: ins-1}]
    disks: [{id: disk-a}, {id: disk-b}, {id: disk-sys, usage: SYSTEM_DISK, instance: ins-1}]
  ap-singapore: {}
"""
POLICY = Policy(
    "orders",
    Selection(disks=frozenset({"disk-a"})),
    "0 * * * *",
    "UTC",
    timedelta(minutes=30),
    Keep(last=1),
    good=Label.APPLICATION,
    copy=(Copying(THERE, Keep(daily=2)),),
    share=(Sharing(OTHER, timedelta(days=2)),),
)
PLAN = Plan("prod", (Target(HERE),), (POLICY,))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
pytestmark = pytest.mark.fleet(FLEET)


def pass_over(account: Account, plan: Plan = PLAN) -> list[Note]:
    """Copy, take over and prune, as a pass of `maintain` does."""
    here, there = account.inventory(), account.inventory(THERE)
    lifecycles = account.lifecycles
    return [
        *copies_taken_over(plan, there, [here]),
        *copied(plan, here, there, lifecycles.at(Target(HERE))),
        *prune(plan, here, lifecycles.at(Target(HERE)), account.now()),
        *prune(plan, there, lifecycles.at(Target(THERE)), account.now()),
    ]


def copies(account: Account) -> list[str]:
    return sorted(one.name for one in account.held(THERE).snapshots.values())


def actions(notes: list[Note]) -> list[Action]:
    return [note.action for note in notes if isinstance(note, Change)]


def test_a_good_one_is_copied_once_and_its_copy_becomes_ours_with_its_label(account: Account) -> None:
    made = account.take()

    begun = pass_over(account)
    under_way = pass_over(account)
    account.advance(HOUR)
    taken_over = pass_over(account)

    assert (actions(begun), actions(under_way), actions(taken_over)) == (
        [Action.COPIED],
        [],
        [Action.ADOPTED],
    )
    (copy,) = account.held(THERE).snapshots.values()
    assert copy.name == account.held().snapshots[made].name
    assert copy.tags == {
        "cbsnap:deployment": "prod",
        "cbsnap:policy": "orders",
        "cbsnap:label": "application",
    }


def test_a_copy_claims_no_more_than_its_source_after_a_drill_has_lowered_it(account: Account) -> None:
    made = account.take()
    pass_over(account)
    account.advance(HOUR)
    pass_over(account)
    account.held().snapshots[made].tags["cbsnap:label"] = "crash"

    lowered, again = pass_over(account), pass_over(account)

    (copy,) = account.held(THERE).snapshots.values()
    assert copy.tags["cbsnap:label"] == "crash"
    assert actions(lowered) == [Action.DEMOTED]
    assert actions(again) == []


def test_a_copy_of_what_a_drill_found_broken_is_broken_until_a_drill_says_otherwise(
    account: Account,
) -> None:
    made = account.take()
    pass_over(account)
    account.advance(HOUR)
    pass_over(account)
    (copy,) = account.held(THERE).snapshots.values()
    source = account.held().snapshots[made]

    source.tags["cbsnap:drill"] = "failed"
    found = actions(pass_over(account)), actions(pass_over(account)), copy.tags["cbsnap:drill"]
    source.tags["cbsnap:drill"] = "passed"
    cured = actions(pass_over(account)), actions(pass_over(account)), copy.tags["cbsnap:drill"]

    assert found == ([Action.DRILLED], [], "failed")
    assert cured == ([Action.DRILLED], [], "passed")


def test_a_copy_that_does_not_show_yet_is_not_begun_again(account: Account) -> None:
    made = account.take()
    pass_over(account)
    (copy_id,) = account.held(THERE).snapshots
    account.held(THERE).drop_snapshot(copy_id)
    account.held().snapshots[made].copying_to = [THERE]

    assert pass_over(account) == []


def test_a_lesser_one_is_not_copied(account: Account) -> None:
    account.take(label="crash")

    pass_over(account)

    assert copies(account) == []


def test_one_copy_is_made_for_each_bucket_and_its_own_rules_end_it(account: Account) -> None:
    for _ in range(24 * 4):
        account.take()
        pass_over(account)
        account.advance(HOUR - timedelta(seconds=60))

    days = {name.split(".")[1][:8] for name in copies(account)}
    assert len(copies(account)) == len(days)
    assert len(days) in {2, 3}, "two days kept, and today's until it is taken over"
    assert len(account.held().snapshots) == 1


@pytest.mark.parametrize("found", [{"cbsnap:drill": "failed"}, {"cbsnap:label": "crash"}])
def test_a_copy_that_is_not_good_after_all_does_not_take_the_place_of_a_good_one(
    account: Account, found: dict[str, str]
) -> None:
    monthly = replace(PLAN, policies=(replace(POLICY, copy=(Copying(THERE, Keep(monthly=3)),)),))
    bad = account.take()
    pass_over(account, monthly)
    account.advance(HOUR)
    pass_over(account, monthly)
    account.held().snapshots[bad].tags.update(found)
    account.take()

    notes = pass_over(account, monthly)
    again = pass_over(account, monthly)

    assert Action.COPIED in actions(notes)
    assert Action.COPIED not in actions(again)
    assert len(copies(account)) == 2


@pytest.mark.parametrize("code", ["ResourceBusy", "InternalError", "ResourceInUse.CopySnapshotConflict"])
def test_one_that_cannot_be_copied_now_keeps_no_other_from_being_copied(account: Account, code: str) -> None:
    stubborn = account.take()
    account.take(disk_id="disk-b")
    both = replace(PLAN, policies=(replace(POLICY, select=Selection()),))
    where: dict[str, object] = {"SnapshotId": stubborn}
    account.local.cloud.faults.add(
        [Fault("error", action="CopySnapshotCrossRegions", where=where, code=code, times=0)]
    )

    notes = pass_over(account, both)

    assert actions(notes) == [Action.COPIED]
    assert [note.subject for note in notes if isinstance(note, Finding)] == [stubborn]


def test_a_copy_outlives_its_source(account: Account) -> None:
    made = account.take()
    pass_over(account)
    account.advance(HOUR)
    pass_over(account)
    account.held().drop_snapshot(made)

    account.advance(DAY * 400)
    pass_over(account)

    assert len(copies(account)) == 1


def test_a_refused_copy_is_reported_and_the_rest_goes_on(account: Account) -> None:
    made = account.take()
    account.held().snapshots[made].encrypt = True

    notes = pass_over(account)

    (refused,) = [note for note in notes if isinstance(note, Finding)]
    assert (refused.trouble, refused.subject) == (Trouble.REFUSED, made)
    assert "encrypted" in refused.reason


def test_a_copy_that_only_looks_like_ours_is_reported_and_left(account: Account) -> None:
    made = account.take()
    lifecycle = account.lifecycles.at(Target(HERE))
    lifecycle.copy_snapshot(made, "orders.20200101T0000Z.a", THERE)
    account.advance(HOUR)

    notes = list(copies_taken_over(PLAN, account.inventory(THERE), [account.inventory()]))

    assert [note.trouble for note in notes if isinstance(note, Finding)] == [Trouble.FOREIGN]
    (copy,) = account.held(THERE).snapshots.values()
    assert copy.tags == {}


def share(account: Account, plan: Plan = PLAN) -> list[Note]:
    return list(shared(plan, account.inventory(), account.lifecycles.at(Target(HERE)), account.now()))


def test_a_good_one_is_shared_and_taken_back_after_its_time(account: Account) -> None:
    made = account.take()

    given, again = share(account), share(account)
    account.advance(2 * DAY)
    taken_back, over = share(account), share(account)

    assert [actions(notes) for notes in (given, again, taken_back, over)] == [
        [Action.SHARED],
        [],
        [Action.UNSHARED],
        [],
    ]
    assert account.held().snapshots[made].shared_with == {}


def test_what_a_person_has_shared_with_others_is_left(account: Account) -> None:
    made = account.take()
    account.lifecycles.at(Target(HERE)).share(made, ["300000000003"])
    account.advance(9 * DAY)

    share(account)

    assert list(account.held().snapshots[made].shared_with) == ["300000000003"]


def test_a_system_disks_snapshot_is_not_even_tried(account: Account) -> None:
    account.take(disk_id="disk-sys")
    everything = replace(PLAN, policies=(replace(POLICY, select=Selection()),))

    notes = share(account, everything)

    (refused,) = notes
    assert isinstance(refused, Finding)
    assert "data disks" in refused.reason
    assert not [
        one for one in account.local.cloud.requests if one["action"] == "ModifySnapshotsSharePermission"
    ]


def test_what_was_deleted_since_the_listing_keeps_no_other_from_being_shared(account: Account) -> None:
    gone, there = account.take(), account.take(disk_id="disk-b")
    account.lifecycles.at(Target(HERE)).share(gone, ["300000000003"])
    both = replace(PLAN, policies=(replace(POLICY, select=Selection()),))
    listed = account.inventory()
    account.held().drop_snapshot(gone)

    notes = list(shared(both, listed, account.lifecycles.at(Target(HERE)), account.now()))

    assert actions(notes) == [Action.SHARED]
    assert list(account.held().snapshots[there].shared_with) == [OTHER]
    assert len(notes) == 1


def test_a_source_that_was_deleted_since_the_listing_keeps_no_other_from_being_copied(
    account: Account,
) -> None:
    gone = account.take()
    account.take(disk_id="disk-b")
    here, there = account.inventory(), account.inventory(THERE)
    account.held().drop_snapshot(gone)

    notes = list(copied(PLAN, here, there, account.lifecycles.at(Target(HERE))))

    assert actions(notes) == [Action.COPIED]
    assert [note.subject for note in notes if isinstance(note, Finding)] == [gone]
