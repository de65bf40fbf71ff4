"""A snapshot is ours by its tag and its name, never by one of them alone."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from cbsnap.model.cloud import Snapshot
from cbsnap.model.labels import Label
from cbsnap.model.policies import Keep, Policy, Selection
from cbsnap.rules.ours import Ours, newest_good, ours

SNAPSHOT = Snapshot(
    id="snap-1",
    region="ap-guangzhou",
    name="orders-db.20261122T0200Z.1a2b3c4d",
    disk_id="disk-1a2b3c4d",
    state="NORMAL",
    percent=100,
    created_at=datetime(2026, 11, 22, 2, 0, 7, tzinfo=timezone.utc),
    size_gib=10,
    tags={"cbsnap:deployment": "prod", "cbsnap:label": "application"},
)
POLICY = Policy(
    "orders-db",
    Selection(),
    "0 2 * * *",
    "UTC",
    timedelta(hours=2),
    Keep(last=1),
    good=Label.APPLICATION,
)


def only(snapshot: Snapshot) -> Ours:
    [one] = ours([snapshot], "prod")
    return one


def test_ours_carries_what_name_and_tags_say() -> None:
    one = only(SNAPSHOT)

    assert one.label is Label.APPLICATION
    assert one.name.policy == "orders-db"
    assert one.line == ("ap-guangzhou", "disk-1a2b3c4d", "orders-db")


@pytest.mark.parametrize(
    "foreign",
    [
        replace(SNAPSHOT, tags={}),
        replace(SNAPSHOT, tags={"cbsnap:deployment": "staging"}),
        replace(SNAPSHOT, name="before the upgrade"),
        replace(SNAPSHOT, name="orders-db.20261122T0200Z"),
    ],
)
def test_the_tag_or_the_name_alone_does_not_make_it_ours(foreign: Snapshot) -> None:
    assert ours([foreign], "prod") == []


def test_a_copy_belongs_to_the_disk_in_its_name() -> None:
    copy = replace(SNAPSHOT, region="ap-singapore", disk_id="", copied=True)

    assert only(copy).line == ("ap-singapore", "disk-1a2b3c4d", "orders-db")


@pytest.mark.parametrize("written", [None, "", "Application", "wonderful"])
def test_what_is_not_a_label_leaves_it_unproven(written: str | None) -> None:
    tags = {"cbsnap:deployment": "prod"} | ({} if written is None else {"cbsnap:label": written})

    one = only(replace(SNAPSHOT, tags=tags))

    assert one.label is None
    assert not one.good(Label.CRASH)


@pytest.mark.parametrize(
    ("state", "least", "good"),
    [
        ("NORMAL", Label.CRASH, True),
        ("NORMAL", Label.APPLICATION, True),
        ("NORMAL", Label.CLEAN, False),
        ("CREATING", Label.CRASH, False),
        ("TORECYCLE", Label.CRASH, False),
    ],
)
def test_good_is_whole_and_trusted_far_enough(state: str, least: Label, good: bool) -> None:  # noqa: FBT001 a table's column
    assert only(replace(SNAPSHOT, state=state)).good(least) is good


@pytest.mark.parametrize(
    ("written", "good"),
    [("failed", False), ("passed", True), ("unfinished", True), ("late", True), ("broken", True)],
)
def test_what_a_drill_found_broken_is_not_good_though_it_was_proved(written: str, good: bool) -> None:  # noqa: FBT001 a table's column
    one = only(replace(SNAPSHOT, tags={**SNAPSHOT.tags, "cbsnap:drill": written}))

    assert one.good(Label.CRASH) is good
    assert one.proved(Label.CRASH)


def test_the_newest_good_one_of_each_disk_is_of_the_policy_and_no_copy() -> None:
    def one(number: int, disk: str, policy: str = "orders-db", **changes: object) -> Snapshot:
        name = f"{policy}.202611{number:02}T0200Z.{disk}"
        return replace(SNAPSHOT, id=f"snap-{policy}-{disk}-{number}", name=name, **changes)  # type: ignore[arg-type]

    tags = {**SNAPSHOT.tags, "cbsnap:label": "crash"}
    held = [
        one(3, "aa"),
        one(2, "aa"),
        one(4, "aa", tags=tags),
        one(5, "aa", copied=True),
        one(6, "aa", policy="weekly"),
        one(1, "bb"),
        one(7, "cc", tags=tags),
    ]

    found = newest_good(ours(held, "prod"), POLICY)

    assert sorted(one.snapshot.id for one in found) == ["snap-orders-db-aa-3", "snap-orders-db-bb-1"]
