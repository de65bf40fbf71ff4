"""The observer notices each broken promise, and grants what was kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos import observer
from tests.chaos.facts import Copy, Facts, Lease, Place, Reported, Snapshot, Transaction

TTL_S = 4.0
NOW_S = 1000.0
LEASE = Lease(
    id="a" * 32,
    operation="db@20261122T0200Z/ins-a",
    state="RELEASED",
    verdict="whole",
    reason="",
    ended_s=NOW_S,
    locked_s=0.5,
    before_held_s=0.1,
    covers={"disk-a1": "application", "disk-a2": "crash"},
    answered={"disk-a1": "snap-1", "disk-a2": "snap-2"},
)
SNAPSHOT = Snapshot(
    id="snap-1",
    disk="disk-a1",
    policy="db",
    due="20261122T0200Z",
    state="NORMAL",
    label="application",
    created_s=NOW_S - 0.2,
    copy=Copy(sequence=7, fault="", pre=LEASE.id, post="b" * 32),
)
OTHER = replace(SNAPSHOT, id="snap-2", disk="disk-a2", label="crash", copy=None)
DIARY = (
    Transaction(NOW_S - 0.62, NOW_S - 0.61, 6),
    Transaction(NOW_S - 0.60, NOW_S - 0.59, 7),
    Transaction(NOW_S - 0.57, NOW_S + 0.01, 8),  # waited for the lock
    Transaction(NOW_S + 0.02, NOW_S + 0.03, 9),
)


def facts(
    *snapshots: Snapshot,
    lease: Lease = LEASE,
    diary: tuple[Transaction, ...] = DIARY,
    said: tuple[Reported, ...] = (),
) -> Facts:
    return Facts(
        due=("disk-a1", "disk-a2"),
        snapshots=snapshots or (SNAPSHOT, OTHER),
        reports={"disk-a1": said},
        places={"ins-a": Place(("disk-a1", "disk-a2"), (lease,), diary)},
        seen_s=NOW_S + 1,
    )


def test_a_run_that_kept_every_promise_is_granted() -> None:
    seen = facts()

    assert observer.broken(seen, TTL_S) == []
    assert [*observer.ran_out(seen), *observer.unproved(seen)] == []


OVERRATED = {
    "the lease was broken": (SNAPSHOT, replace(LEASE, verdict="broken", state="BROKEN")),
    "the lease ran out": (SNAPSHOT, replace(LEASE, verdict="broken", state="EXPIRED")),
    "the lease earned less": (SNAPSHOT, replace(LEASE, covers={"disk-a1": "crash"})),
    "the lease did not cover it": (SNAPSHOT, replace(LEASE, covers={})),
    "the lease was another run's": (SNAPSHOT, replace(LEASE, operation="db@20261121T0200Z/ins-a")),
    "the release carried another": (SNAPSHOT, replace(LEASE, answered={"disk-a1": "snap-9"})),
    "the other disk was not taken": (SNAPSHOT, replace(LEASE, answered={"disk-a1": "snap-1"})),
    "it was created before the lock": (replace(SNAPSHOT, created_s=NOW_S - 2), LEASE),
    "it was created after the lock": (replace(SNAPSHOT, created_s=NOW_S + 0.2), LEASE),
    "its database is torn": (replace(SNAPSHOT, copy=Copy(7, "torn", LEASE.id, None)), LEASE),
    "its database is older": (replace(SNAPSHOT, copy=Copy(6, "", LEASE.id, None)), LEASE),
    "its database is newer": (replace(SNAPSHOT, copy=Copy(9, "", LEASE.id, None)), LEASE),
    "it was cut before the lease": (replace(SNAPSHOT, copy=Copy(7, "", None, None)), LEASE),
    "it was cut after the lease": (replace(SNAPSHOT, copy=Copy(7, "", LEASE.id, LEASE.id)), LEASE),
}


@pytest.mark.parametrize(("snapshot", "lease"), OVERRATED.values(), ids=OVERRATED)
def test_a_label_that_is_not_borne_out_is_noticed(snapshot: Snapshot, lease: Lease) -> None:
    seen = facts(snapshot, OTHER, lease=lease)

    assert all("is called application, but" in one for one in observer.broken(seen, TTL_S))
    assert observer.broken(seen, TTL_S)


@pytest.mark.parametrize("label", ["crash", None])
def test_a_label_that_claims_nothing_needs_no_proof(label: str | None) -> None:
    seen = facts(
        replace(SNAPSHOT, label=label), OTHER, lease=replace(LEASE, state="EXPIRED", verdict="broken")
    )

    assert observer.broken(seen, TTL_S) == []


def test_two_snapshots_of_one_run_are_noticed() -> None:
    seen = facts(SNAPSHOT, OTHER, replace(OTHER, id="snap-3"))

    assert observer.broken(seen, TTL_S) == ["disk-a2 has 2 snapshots of db@20261122T0200Z"]


@pytest.mark.parametrize("end_s", [NOW_S + 0.6, None], ids=["at last", "never"])
def test_a_writer_that_waited_longer_than_lease_and_a_second_is_noticed(end_s: float | None) -> None:
    seen = facts(diary=(*DIARY[:2], Transaction(NOW_S - 4.6, end_s, 8 if end_s else None)))

    (told,) = observer.held_too_long(seen, TTL_S)

    assert told.startswith("a writer on ins-a waited 5.")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((), "nothing was said"),
        ((Reported("dispatched", ""),), "dispatched: no reason"),
        ((Reported("failed", "no answer"), Reported("taken", "")), "taken: no reason"),
        ((Reported("failed", ""),), "failed: no reason"),
    ],
)
def test_a_due_disk_without_snapshot_and_reason_is_noticed(said: tuple[Reported, ...], told: str) -> None:
    (found,) = observer.unaccounted(facts(OTHER, said=said))

    assert found == f"disk-a1 has no snapshot and no reason for that ({told})"


def test_a_due_disk_without_snapshot_is_accounted_for_by_the_latest_reason() -> None:
    said = (Reported("dispatched", ""), Reported("failed", "no answer from the agent"))

    assert list(observer.unaccounted(facts(OTHER, said=said))) == []


def test_a_lease_that_nobody_released_is_noticed_where_nothing_excuses_it() -> None:
    (told,) = observer.ran_out(facts(lease=replace(LEASE, state="EXPIRED", verdict="broken")))

    assert told == "a lease on ins-a for db@20261122T0200Z/ins-a was not released: EXPIRED"


@pytest.mark.parametrize("label", ["crash", None])
def test_a_quiet_run_without_its_proof_is_noticed(label: str | None) -> None:
    assert list(observer.unproved(facts(replace(SNAPSHOT, label=label), OTHER)))


def test_where_the_clock_was_moved_the_diary_still_tells_an_older_state() -> None:
    moved = replace(facts(replace(SNAPSHOT, created_s=99.0)), clock_moved=True)
    older = replace(
        moved, snapshots=(replace(SNAPSHOT, created_s=99.0, copy=Copy(5, "", LEASE.id, None)), OTHER)
    )

    assert list(observer.overrated(moved)) == []
    assert "locked state was [6, 7, 8]" in "".join(observer.overrated(older))
