"""Snapshots are followed to their end: settled from the journals, adopted, and what is wrong is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cbsnap.errors import CloudError
from cbsnap.jobs.follow import follow
from cbsnap.model import Copying, Grouping, Keep, Label, Plan, Quiesce, Selection, Thaw
from cbsnap.ports import Cover
from cbsnap.upkeep import Action, Change, Finding, Trouble

from .fakes import NOON, REGION, disk, instance
from .shelf import (
    DUE,
    OURS,
    TOGETHER,
    FakeJournal,
    FakeJournals,
    Shelf,
    inventory,
    plan,
    policy,
    record,
    shelf,
    shot,
)

PLAN = plan()


def followed(cloud: Shelf, journal: FakeJournal, policies: object = PLAN) -> list[Change | Finding]:
    return list(follow(policies, inventory(cloud), journal, NOON))  # type: ignore[arg-type]


def troubles(notes: list[Change | Finding]) -> list[tuple[Trouble, str]]:
    return [(note.trouble, note.subject) for note in notes if isinstance(note, Finding)]


def test_what_the_release_had_carried_gets_the_label_of_its_cover() -> None:
    cloud, journal = shelf([shot()]), FakeJournal([record()])

    notes = followed(cloud, journal)

    assert cloud.label("snap-1") == "application"
    assert [(note.action, note.reason) for note in notes if isinstance(note, Change)] == [
        (Action.LABELLED, "application: proved by the host's journal")
    ]
    assert journal.closed == 1


@pytest.mark.parametrize(
    "answered", [{"disk-a": "snap-other"}, {"disk-b": "snap-1"}, {}], ids=["other", "disk", "none"]
)
def test_what_no_release_had_carried_for_this_disk_ends_as_crash(answered: dict[str, str]) -> None:
    cloud = shelf([shot()])

    followed(cloud, FakeJournal([record(answered=answered)]))

    assert cloud.label("snap-1") == "crash"


def test_a_broken_lease_proves_nothing_and_its_loss_is_told_until_a_newer_one_is_there() -> None:
    cloud = shelf([shot()])

    notes = followed(cloud, FakeJournal([record(state="EXPIRED", verdict="broken")]))
    again = followed(cloud, FakeJournal())
    cloud.snapshot_list.append(shot("snap-2", due=NOON, label=Label.APPLICATION))
    later = followed(cloud, FakeJournal())

    assert cloud.label("snap-1") == "crash"
    assert cloud.tags("snap-1")["cbsnap:lost"] == "expired"
    assert (Trouble.LOST, "disk-a") in troubles(notes)
    assert (Trouble.LOST, "disk-a") in troubles(again)
    assert (Trouble.LOST, "disk-a") not in troubles(later)


def test_a_lease_that_is_not_over_is_waited_for() -> None:
    cloud = shelf([shot()])

    notes = followed(cloud, FakeJournal([record(state="RELEASING", verdict=None)]))

    assert cloud.label("snap-1") is None
    assert (Trouble.UNPROVEN, "snap-1") in troubles(notes)


def test_a_member_that_was_not_answered_makes_its_group_crash() -> None:
    disks = [disk("disk-a"), disk("disk-b")]
    cloud = shelf([shot(), shot("snap-2", "disk-b", label=Label.CRASH)], disks)

    followed(cloud, FakeJournal([record()]), plan(policy(group=TOGETHER)))

    assert cloud.label("snap-1") == "crash"


def test_a_whole_group_is_promoted_disk_by_disk() -> None:
    disks = [disk("disk-a"), disk("disk-b"), disk("disk-shared", shareable=True)]
    cloud = shelf([shot(), shot("snap-2", "disk-b")], disks)
    both = record(
        covers=(Cover("disk-a", Label.APPLICATION),), answered={"disk-a": "snap-1", "disk-b": "snap-2"}
    )

    followed(cloud, FakeJournal([both]), plan(policy(group=TOGETHER)))

    assert (cloud.label("snap-1"), cloud.label("snap-2")) == ("application", "crash")


def test_a_group_over_two_hosts_needs_both_hosts_records() -> None:
    both = {"disk-a": "snap-1", "disk-b": "snap-2"}
    records = {
        "ins-1": FakeJournal([record(answered=both)]),
        "ins-2": FakeJournal([record(answered=both, covers=(Cover("disk-b", Label.APPLICATION),))]),
    }
    everything = plan(policy(group=Grouping.ALL))
    notes: list[Change | Finding] = []

    def labels_with(journals: dict[str, FakeJournal]) -> list[str | None]:
        nonlocal notes
        cloud = shelf([shot(), shot("snap-2", "disk-b")], [disk("disk-a"), disk("disk-b", "ins-2")])
        cloud.instance_list.append(instance("ins-2"))
        notes = list(follow(everything, inventory(cloud), FakeJournals(journals), NOON))
        return [cloud.label("snap-1"), cloud.label("snap-2")]

    assert labels_with(records) == ["application", "application"]
    assert labels_with({**records, "ins-2": FakeJournal()}) == ["crash", "crash"]
    assert "another host" in notes[0].reason
    assert labels_with({**records, "ins-2": FakeJournal(silent=True)}) == [None, None]


def test_a_disk_taken_by_itself_does_not_wait_for_its_neighbours() -> None:
    cloud = shelf([shot(), shot("snap-2", "disk-b")], [disk("disk-a"), disk("disk-b")])

    followed(cloud, FakeJournal([record()]))

    assert (cloud.label("snap-1"), cloud.label("snap-2")) == ("application", "crash")


def test_a_request_with_a_key_is_settled_by_its_snapshots_id() -> None:
    asked_for = shot(name=f"manual.{DUE:%Y%m%dT%H%MZ}.a.0123abc")
    cloud = shelf([replace(asked_for, tags={**OURS, "cbsnap:policy": "manual"})])

    followed(cloud, FakeJournal([record()]))

    assert cloud.label("snap-1") == "application"


def test_what_a_worker_may_still_label_is_left_to_it() -> None:
    cloud = shelf([shot(due=NOON - timedelta(minutes=19))])
    journal = FakeJournal([record()])

    followed(cloud, journal)

    assert cloud.label("snap-1") is None
    assert journal.asked == []


def test_a_silent_host_is_asked_again_while_it_may_remember() -> None:
    cloud = shelf([shot()])

    notes = followed(cloud, FakeJournal(silent=True))

    assert cloud.label("snap-1") is None
    assert (Trouble.UNPROVEN, "snap-1") in troubles(notes)


def test_a_silent_host_is_waited_for_once_a_pass() -> None:
    cloud, journal = shelf([shot(), shot("snap-2", due=DUE - timedelta(hours=2))]), FakeJournal(silent=True)

    notes = followed(cloud, journal)

    assert len(journal.asked) == 1
    assert [subject for trouble, subject in troubles(notes) if trouble is Trouble.UNPROVEN] == [
        "snap-1",
        "snap-2",
    ]


def test_a_host_silent_for_a_day_proves_nothing_any_more() -> None:
    cloud = shelf([shot(due=NOON - timedelta(hours=26))])

    followed(cloud, FakeJournal(silent=True))

    assert cloud.label("snap-1") == "crash"


@pytest.mark.parametrize("thaw", [Thaw.VISIBLE, Thaw.NORMAL])
def test_a_later_thaw_point_that_nobody_saw_is_not_assumed(thaw: Thaw) -> None:
    cloud = shelf([shot()])

    followed(cloud, FakeJournal([record()]), plan(policy(quiesce=Quiesce("mysql", thaw=thaw))))

    assert cloud.label("snap-1") == "crash"


def test_without_a_plan_no_host_is_asked() -> None:
    cloud, journal = shelf([shot()]), FakeJournal([record()])

    followed(cloud, journal, plan(policy(quiesce=None)))

    assert cloud.label("snap-1") == "crash"
    assert journal.asked == []


def test_a_label_that_cannot_be_written_is_reported_and_the_pass_goes_on() -> None:
    cloud = shelf([shot(), shot("snap-2")])
    cloud.refused = CloudError("FailedOperation", "no")

    notes = followed(cloud, FakeJournal([record()]))

    assert (Trouble.REFUSED, "snap-1") in troubles(notes)
    assert (Trouble.DUPLICATE, "snap-2") in troubles(notes)


def test_a_name_whose_policy_time_and_disk_agree_is_adopted_and_proved() -> None:
    cloud = shelf([shot(tags={})])

    notes = followed(cloud, FakeJournal([record()]))

    assert cloud.tags("snap-1") == {**OURS, "cbsnap:label": "application"}
    assert [note.action for note in notes if isinstance(note, Change)] == [Action.ADOPTED, Action.LABELLED]


def test_the_tag_that_makes_it_ours_is_written_last() -> None:
    cloud = shelf([shot(tags={}, label=Label.CRASH)])

    followed(cloud, FakeJournal([record()]))

    assert [one.split("=")[0] for one in cloud.log][:2] == ["tag cbsnap:policy", "tag cbsnap:deployment"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (f"orders.{DUE + timedelta(minutes=1):%Y%m%dT%H%MZ}.a", "was not due"),
        (f"unknown.{DUE:%Y%m%dT%H%MZ}.a", "there is no policy unknown"),
        (f"orders.{DUE:%Y%m%dT%H%MZ}.b", "it is of disk-a, not of disk-b"),
        (f"orders.{DUE:%Y%m%dT%H%MZ}.a.0123abc", "with a key"),
    ],
)
def test_a_name_that_does_not_agree_is_reported_and_left(name: str, why: str) -> None:
    cloud = shelf([shot(tags={}, name=name)])

    notes = followed(cloud, FakeJournal([record()]))

    (told,) = [one for one in notes if isinstance(one, Finding) and one.trouble is Trouble.FOREIGN]
    assert why in told.reason
    assert cloud.log == []


@pytest.mark.parametrize("name", ["before upgrade", f"orders.{DUE:%Y%m%dT%H%MZ}.a"])
def test_another_deployments_and_peoples_own_snapshots_are_not_touched(name: str) -> None:
    cloud = shelf([shot(name=name, tags={"cbsnap:deployment": "staging"})])

    notes = followed(cloud, FakeJournal([record()]))

    assert cloud.log == []
    assert troubles(notes) == [(Trouble.MISSING, "disk-a")]


def test_a_copy_without_tags_is_left_to_those_who_know_its_source() -> None:
    cloud = shelf([replace(shot(tags={}, copied=True), disk_id="")], [disk("disk-other")])

    notes = followed(cloud, FakeJournal(), plan(policy(select=Selection(disks=frozenset({"disk-a"})))))

    assert (notes, cloud.log) == ([], [])


def test_a_region_of_an_account_that_is_only_copied_to_misses_nothing() -> None:
    theirs = shelf([])
    theirs.role = "qcs::cam::uin/100000000002:roleName/cbsnap"

    assert (Trouble.MISSING, "disk-a") in troubles(followed(shelf([]), FakeJournal()))
    assert troubles(followed(theirs, FakeJournal())) == []


def test_a_missing_policy_tag_is_written() -> None:
    cloud = shelf([shot(tags={"cbsnap:deployment": "prod", "cbsnap:label": "crash"})])

    followed(cloud, FakeJournal())

    assert cloud.tags("snap-1")["cbsnap:policy"] == "orders"


def test_what_is_under_way_for_half_a_day_is_stuck() -> None:
    begun = NOON - timedelta(hours=12, minutes=1)
    young, old = (
        shot(f"snap-{place}", due=due, label=Label.CRASH, state="CREATING", percent=42)
        for place, due in enumerate((DUE, begun))
    )

    notes = followed(shelf([young, old]), FakeJournal())

    assert troubles(notes) == [(Trouble.STUCK, "snap-1")]


def test_the_second_snapshot_of_one_run_is_a_duplicate() -> None:
    late = shot("snap-2", label=Label.CRASH, created_at=DUE + timedelta(seconds=9))

    notes = followed(shelf([late, shot(label=Label.CRASH)]), FakeJournal())

    assert troubles(notes) == [(Trouble.DUPLICATE, "snap-2")]


def test_copies_of_a_policy_that_copies_no_more_are_orphans() -> None:
    copy = shot(disk_id="disk-far", due=NOON - timedelta(days=9), label=Label.CRASH, copied=True)
    copying = policy(copy=(Copying(REGION, Keep(last=1)),))

    def found(policies: Plan) -> list[Trouble]:
        told = followed(shelf([copy, shot("snap-2", label=Label.CRASH)]), FakeJournal(), policies)
        return [trouble for trouble, subject in troubles(told) if subject == "disk-far"]

    assert found(plan(copying)) == []
    assert found(plan(policy())) == [Trouble.ORPHAN]


def test_a_policy_that_left_the_file_leaves_orphans_and_so_does_a_disk() -> None:
    cloud = shelf(
        [
            shot(label=Label.CRASH),
            shot("snap-2", name=f"former.{DUE:%Y%m%dT%H%MZ}.a", label=Label.CRASH),
            shot("snap-3", "disk-gone", label=Label.CRASH),
        ]
    )

    notes = followed(cloud, FakeJournal())

    assert troubles(notes) == [(Trouble.ORPHAN, "disk-a"), (Trouble.ORPHAN, "disk-gone")]


def test_a_disk_without_its_runs_snapshot_is_reported_once_the_window_is_long_over() -> None:
    late = plan(policy(window=timedelta(minutes=100)))

    assert troubles(followed(shelf([]), FakeJournal())) == [(Trouble.MISSING, "disk-a")]
    assert troubles(followed(shelf([shot(label=Label.CRASH)]), FakeJournal())) == []
    assert (
        troubles(
            followed(shelf([shot(due=DUE - timedelta(hours=2), label=Label.CRASH)]), FakeJournal(), late)
        )
        == []
    )


def test_a_disk_that_cannot_be_taken_is_not_missed() -> None:
    assert troubles(followed(shelf([], [disk("disk-a", shareable=True)]), FakeJournal())) == []


def test_a_disk_that_was_not_there_yet_is_not_missed() -> None:
    young = disk("disk-a", created_at=DUE + timedelta(minutes=1))

    assert troubles(followed(shelf([], [young]), FakeJournal())) == []
