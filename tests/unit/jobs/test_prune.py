"""Deleting: only what no rule keeps, only ours, whatever the cloud refuses or others delete meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cbsnap.errors import CredentialsRefused, Refused
from cbsnap.jobs.prune import HOLD_TAG, judge, prune
from cbsnap.model.labels import Label
from cbsnap.model.policies import Keep
from cbsnap.upkeep import Action, Change, Finding, Trouble

from .fakes import NOON
from .shelf import OURS, Shelf, inventory, plan, policy, shelf, shot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbsnap.model.cloud import Snapshot
    from cbsnap.model.plan import Plan
    from cbsnap.upkeep import Note

KEEP_TWO = plan(policy(good=Label.APPLICATION))


@dataclass
class FakeLifecycle:
    """Deletes all or none, as the cloud does; `stubborn` are refused, `calls` are what was asked."""

    cloud: Shelf
    stubborn: dict[str, Refused] = field(default_factory=dict)
    calls: list[list[str]] = field(default_factory=list)
    deadlines: dict[str, datetime | None] = field(default_factory=dict)

    def delete_snapshots(self, snapshot_ids: Sequence[str]) -> None:
        self.calls.append(list(snapshot_ids))
        for one in snapshot_ids:
            if one in self.stubborn:
                raise self.stubborn[one]
        self.cloud.snapshot_list = [one for one in self.cloud.snapshot_list if one.id not in snapshot_ids]

    def set_deadline(self, snapshot_id: str, deadline: datetime | None) -> None:
        if snapshot_id in self.stubborn:
            raise self.stubborn[snapshot_id]
        self.deadlines[snapshot_id] = deadline


def days(*ages: float, label: Label = Label.APPLICATION, **changes: object) -> list[Snapshot]:
    """Return one snapshot for each age in days, named after it."""
    made = [shot(f"snap-{age:g}", due=NOON - timedelta(days=age), label=label) for age in ages]
    return [replace(one, **changes) for one in made]  # type: ignore[arg-type]


def pruned(cloud: Shelf, lifecycle: FakeLifecycle, policies: Plan = KEEP_TWO) -> list[Note]:
    return list(prune(policies, inventory(cloud), lifecycle, NOON))


def left(cloud: Shelf) -> list[str]:
    return [one.id for one in cloud.snapshot_list]


def test_what_no_rule_keeps_is_deleted_with_the_reason() -> None:
    cloud = shelf(days(1, 2, 3, 4))

    notes = pruned(cloud, FakeLifecycle(cloud))

    assert left(cloud) == ["snap-1", "snap-2"]
    assert notes == [
        Change(Action.DELETED, "ap-guangzhou", one, "no rule keeps it", "orders")
        for one in ("snap-3", "snap-4")
    ]


def test_judging_alone_deletes_nothing_and_says_the_same() -> None:
    cloud = shelf(days(1, 2, 3))

    (judged,) = judge(KEEP_TWO, inventory(cloud), NOON)

    assert [(one.of.snapshot.id, one.stays) for one in judged.verdicts] == [
        ("snap-1", True),
        ("snap-2", True),
        ("snap-3", False),
    ]
    assert left(cloud) == ["snap-1", "snap-2", "snap-3"]


def test_a_second_pass_deletes_nothing_more() -> None:
    cloud = shelf(days(1, 2, 3, 4))
    pruned(cloud, FakeLifecycle(cloud))
    again = FakeLifecycle(cloud)

    pruned(cloud, again)

    assert again.calls == []


FOREIGN = {
    "another deployment's": {"tags": {**OURS, "cbsnap:deployment": "staging", "cbsnap:label": "application"}},
    "a person's with our tags": {"name": "before the upgrade"},
    "a name of ours without a tag": {"tags": {}},
    "another policy's": {"name": "former.20200101T0000Z.a"},
    "a request's": {"name": "manual.20200101T0000Z.a.0123abc"},
    "a name with something behind it": {"name": "orders.20200101T0000Z.a.0123abc.x"},
}


@pytest.mark.parametrize("looks", FOREIGN.values(), ids=FOREIGN.keys())
def test_nothing_that_only_looks_like_ours_is_deleted(looks: dict[str, object]) -> None:
    ancient = replace(shot("snap-foreign", due=NOON - timedelta(days=900), label=Label.CRASH), **looks)  # type: ignore[arg-type]
    cloud = shelf([*days(1, 2, 3), ancient])
    lifecycle = FakeLifecycle(cloud)

    pruned(cloud, lifecycle)

    assert left(cloud) == ["snap-1", "snap-2", "snap-foreign"]
    assert "snap-foreign" not in lifecycle.deadlines


def test_one_refused_member_does_not_keep_the_others() -> None:
    cloud = shelf(days(*range(1, 11)))
    lifecycle = FakeLifecycle(cloud, {"snap-6": Refused("UnsupportedOperation.SnapHasShared", "shared")})

    notes = pruned(cloud, lifecycle)

    assert left(cloud) == ["snap-1", "snap-2", "snap-6"]
    (refused,) = [note for note in notes if isinstance(note, Finding)]
    assert (refused.trouble, refused.subject) == (Trouble.REFUSED, "snap-6")
    assert "SnapHasShared" in refused.reason


def test_what_somebody_else_has_deleted_is_no_trouble() -> None:
    cloud = shelf(days(1, 2, 3, 4))
    gone = Refused("InvalidSnapshotId.NotFound", "no such snapshot")

    notes = pruned(cloud, FakeLifecycle(cloud, {"snap-4": gone}))

    assert [note.subject for note in notes] == ["snap-3"]


@pytest.mark.parametrize("meanwhile", [[], days(1, state="TORECYCLE")], ids=["gone", "going"])
def test_the_one_that_stays_instead_is_looked_for_before_deleting(meanwhile: list[Snapshot]) -> None:
    cloud = shelf(days(1, 2, 3, 4))
    read = inventory(cloud)
    cloud.snapshot_list = [*meanwhile, *(one for one in cloud.snapshot_list if one.id != "snap-1")]
    lifecycle = FakeLifecycle(cloud)

    notes = list(prune(KEEP_TWO, read, lifecycle, NOON))

    assert lifecycle.calls == []
    assert {note.subject for note in notes if isinstance(note, Finding)} == {"snap-3", "snap-4"}


def test_the_fuse_lets_none_go_and_says_so_once() -> None:
    cloud = shelf(days(*range(1, 31)))

    notes = pruned(cloud, FakeLifecycle(cloud), plan(policy(good=Label.APPLICATION, fuse_percent=90)))

    assert len(left(cloud)) == 30
    assert [(note.trouble, note.subject) for note in notes if isinstance(note, Finding)] == [
        (Trouble.FUSE, "orders")
    ]


def test_what_a_person_holds_stays_for_good() -> None:
    held = days(3, label=Label.CRASH, deadline=NOON + timedelta(days=2))[0]
    held = replace(held, tags={**held.tags, HOLD_TAG: "the audit"})
    cloud = shelf([*days(1, 2), held])
    lifecycle = FakeLifecycle(cloud)

    pruned(cloud, lifecycle)

    assert "snap-3" in left(cloud)
    assert lifecycle.deadlines == {"snap-3": None}


def test_a_lesser_one_gets_an_end_only_behind_a_newer_good_one() -> None:
    cloud = shelf([*days(2), *days(1, 2.5, label=Label.CRASH)])
    lifecycle = FakeLifecycle(cloud)

    pruned(cloud, lifecycle)

    assert lifecycle.deadlines == {"snap-2.5": NOON + timedelta(days=0.5 + 7)}


def test_an_end_is_given_once() -> None:
    cloud = shelf([*days(1), *days(2, label=Label.CRASH, deadline=NOON + timedelta(days=8))])
    lifecycle = FakeLifecycle(cloud)

    pruned(cloud, lifecycle)

    assert lifecycle.deadlines == {}


@pytest.mark.parametrize("label", [Label.APPLICATION, Label.CRASH])
def test_an_end_is_taken_from_what_is_good_or_has_lost_its_stand_in(label: Label) -> None:
    cloud = shelf(days(2, label=label, deadline=NOON + timedelta(days=8)))
    lifecycle = FakeLifecycle(cloud)

    pruned(cloud, lifecycle)

    assert lifecycle.deadlines == {"snap-2": None}


def test_an_end_that_is_refused_is_reported() -> None:
    cloud = shelf([*days(1), *days(2, label=Label.CRASH)])
    refused = Refused("UnsupportedOperation.StateError", "no")

    notes = pruned(cloud, FakeLifecycle(cloud, {"snap-2": refused}))

    assert [note.subject for note in notes if isinstance(note, Finding)] == ["snap-2"]


def test_many_are_deleted_in_batches() -> None:
    cloud = shelf(days(*range(1, 121)))
    lifecycle = FakeLifecycle(cloud)

    pruned(cloud, lifecycle, plan(policy(good=Label.APPLICATION, keep=Keep(last=1), fuse_percent=100)))

    assert [len(call) for call in lifecycle.calls] == [50, 50, 19]


def test_what_was_deleted_before_a_failure_is_still_told() -> None:
    cloud = shelf(days(*range(1, 121)))

    class Expiring(FakeLifecycle):
        def delete_snapshots(self, snapshot_ids: Sequence[str]) -> None:
            if self.calls:
                raise CredentialsRefused("AuthFailure.TokenFailure", "expired")
            super().delete_snapshots(snapshot_ids)

    told: list[Note] = []
    everything = plan(policy(good=Label.APPLICATION, keep=Keep(last=1), fuse_percent=100))
    with pytest.raises(CredentialsRefused):
        told.extend(prune(everything, inventory(cloud), Expiring(cloud), NOON))

    assert len(told) == 50
