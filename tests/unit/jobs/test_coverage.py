"""What each policy owes its disks, and what of it is alarming."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from cbsnap.jobs.coverage import cover, gaps, owed, scarcity
from cbsnap.model import Label, Plan, QuotaLimits, Selection, SnapshotUsage
from cbsnap.rules.coverage import Standing
from cbsnap.rules.disorder import FINISHING
from cbsnap.upkeep import Finding, Trouble

from .fakes import NOON, disk
from .shelf import DUE, Shelf, inventory, plan, policy, shelf, shot

GOOD = policy(good=Label.APPLICATION)


def found(cloud: Shelf, policies: object = None) -> list[tuple[Trouble, str]]:
    return [(one.trouble, one.subject) for one in found_gaps(cloud, policies or plan(GOOD))]  # type: ignore[arg-type]


def found_gaps(cloud: Shelf, policies: Plan) -> list[Finding]:
    return list(gaps(policies, cover(policies, inventory(cloud), NOON), NOON))


def test_a_good_one_of_the_last_closed_run_covers() -> None:
    assert found(shelf([shot(label=Label.APPLICATION)])) == []


@pytest.mark.parametrize(
    ("snapshot", "trouble"),
    [
        (shot(due=DUE - timedelta(hours=2), label=Label.APPLICATION), Trouble.STALE),
        (shot(label=Label.CRASH), Trouble.UNCOVERED),
        (shot(label=Label.APPLICATION, state="CREATING"), Trouble.UNCOVERED),
    ],
)
def test_an_older_a_lesser_or_an_unfinished_one_does_not(snapshot: object, trouble: Trouble) -> None:
    assert found(shelf([snapshot])) == [(trouble, "disk-a")]  # type: ignore[list-item]


def test_a_gap_that_a_drill_has_opened_says_so() -> None:
    broken = shot(label=Label.APPLICATION)
    cloud = shelf([replace(broken, tags={**broken.tags, "cbsnap:drill": "failed"})])

    (gap,) = found_gaps(cloud, plan(GOOD))

    assert gap.reason == "there is no good snapshot; snap-1 failed its drill"


def test_a_policys_own_figure_counts_instead_of_its_schedule() -> None:
    old = shelf([shot(due=DUE - timedelta(hours=2), label=Label.APPLICATION)])

    assert found(old, plan(policy(good=Label.APPLICATION, coverage=timedelta(hours=5)))) == []


def test_a_gap_says_since_when_the_promise_is_broken() -> None:
    due = DUE - timedelta(hours=2)
    old, none = shelf([shot(due=due, label=Label.APPLICATION)]), shelf([], [disk("disk-a", created_at=due)])
    figure = plan(policy(good=Label.APPLICATION, coverage=timedelta(hours=3)))
    run_closed = DUE + GOOD.window + FINISHING

    since = [one.since for cloud in (old, none) for one in found_gaps(cloud, figure)]
    by_schedule = [one.since for one in found_gaps(old, plan(GOOD))]

    assert since == [due + timedelta(hours=3)] * 2
    assert by_schedule == [run_closed]


def test_a_day_that_is_skipped_is_not_owed() -> None:
    nightly = policy(schedule="0 2 * * *", skip_dates=frozenset({date(2026, 11, 22)}))

    assert owed(nightly, NOON) == timedelta(hours=26)


def test_a_disk_younger_than_the_promise_is_owed_nothing_yet() -> None:
    young = disk("disk-a", created_at=NOON - timedelta(minutes=10))

    assert found(shelf([], [young])) == []


def test_a_disk_that_nobody_selected_is_listed_without_alarm() -> None:
    tagged = policy(select=Selection(tags={"app": frozenset({"orders"})}))

    (entry,) = cover(plan(tagged), inventory(shelf([])), NOON)

    assert (entry.standing, entry.disk.id) == (Standing.UNSELECTED, "disk-a")
    assert list(gaps(plan(tagged), [entry], NOON)) == []


def test_disks_with_little_room_are_said_once_a_policy() -> None:
    disks = [disk(f"disk-{name}", snapshot_count=count) for name, count in (("a", 57), ("b", 58), ("c", 63))]
    some = policy(select=Selection(disks=frozenset({"disk-a", "disk-b", "disk-c"})))
    roomy = policy("roomy", select=Selection(disks=frozenset({"disk-a"})))

    (warning,) = scarcity(plan(some, roomy), inventory(shelf([], disks)))

    assert isinstance(warning, Finding)
    assert (warning.trouble, warning.subject, warning.policy) == (Trouble.QUOTA, "orders", "orders")
    assert warning.reason.startswith("2 of its disks")
    assert "disk-c the least (63 of 64)" in warning.reason


@pytest.mark.parametrize(("used", "scarce"), [(89, 0), (90, 0), (91, 1), (100, 1)])
def test_little_room_in_a_region_is_said_before_it_is_gone(used: int, scarce: int) -> None:
    class Used(Shelf):
        def usage(self) -> SnapshotUsage:
            return SnapshotUsage(used, 0.0, 0.0)

    cloud = Used(shelf([]).clock, disk_list=[disk("disk-a")])
    limited = plan(GOOD)
    limited = type(limited)("prod", limited.targets, limited.policies, QuotaLimits(region=100))

    warnings = list(scarcity(limited, inventory(cloud)))

    assert len(warnings) == scarce
    assert all(isinstance(one, Finding) and one.trouble is Trouble.QUOTA for one in warnings)
