"""A label is what was proved for this very disk, and the reason for anything less is told."""

import pytest
from cbsnap.model.labels import Label
from cbsnap.ports.hosts import Cover, LeaseRecord
from cbsnap.rules.labels import UNCONFIRMED, labels, lost

TAKEN = {"disk-a": "snap-a", "disk-b": "snap-b"}


def record(*disk_ids: str, state: str = "RELEASED", verdict: str = "whole", reason: str = "") -> LeaseRecord:
    covers = tuple(Cover(one, Label.APPLICATION, "lock+sync") for one in disk_ids)
    return LeaseRecord("0" * 32, state, verdict, reason, covers)


def test_what_was_covered_to_the_release_earns_what_the_plan_is_worth() -> None:
    earned = labels(TAKEN, TAKEN, [record("disk-a"), record("disk-b")])

    assert earned == {"disk-a": (Label.APPLICATION, ""), "disk-b": (Label.APPLICATION, "")}


def test_what_the_plan_does_not_cover_is_crash() -> None:
    earned = labels(TAKEN, TAKEN, [record("disk-a")])

    assert earned == {
        "disk-a": (Label.APPLICATION, ""),
        "disk-b": (Label.CRASH, "the plan does not cover this disk"),
    }


def test_a_release_that_was_not_confirmed_leaves_them_without_a_label() -> None:
    assert labels(TAKEN, TAKEN, [record("disk-a"), None]) == dict.fromkeys(TAKEN, (None, UNCONFIRMED))


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (record("disk-a", state="EXPIRED", verdict="broken"), "expired"),
        (record("disk-a", state="BROKEN", verdict="broken", reason="killed"), "killed"),
        (record("disk-a", verdict="broken"), "released"),
        (record("disk-a", state="HELD"), "held"),
    ],
)
def test_one_host_that_was_not_held_makes_all_of_them_crash(broken: LeaseRecord, told: str) -> None:
    earned = labels(TAKEN, TAKEN, [record("disk-b"), broken])

    reason = f"the host was not held without a break: {told}"
    assert earned == dict.fromkeys(TAKEN, (Label.CRASH, reason))


def test_a_member_that_is_missing_makes_the_others_crash() -> None:
    group = [*TAKEN, "disk-d", "disk-c"]

    earned = labels(group, TAKEN, [record("disk-a", "disk-b")])

    reason = "taken without disk-c, disk-d, which belong to the same moment"
    assert earned == dict.fromkeys(TAKEN, (Label.CRASH, reason))


@pytest.mark.parametrize(
    ("records", "word"),
    [
        ([record("disk-a")], ""),
        ([None, record("disk-a")], ""),
        ([record("disk-a"), record("disk-b", state="EXPIRED", verdict="broken")], "expired"),
        ([record("disk-a", state="FAILED", verdict="broken")], "failed"),
        ([record("disk-a", state="BROKEN", verdict="broken")], "broken"),
        ([record("disk-a", verdict="broken")], "broken"),
    ],
)
def test_how_a_lease_was_lost_is_one_word(records: list[LeaseRecord | None], word: str) -> None:
    assert lost(records) == word
