"""The observer: holds what was seen against what was promised. Knows nothing of what was done to the run.

Every promise is a function from facts to sentences, each of which says what was broken, by which disk,
snapshot or host. It grants what nobody can prove otherwise, and no more.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.chaos.facts import Copy, Facts, Lease, Place, Snapshot, Transaction

GRACE_S = 1.0
CLOCK_READING_S = 0.25  # between a lock's end and the moment that the journal notes
RANKS = ("crash", "filesystem", "application", "clean")
WITHOUT_SNAPSHOT = {"deferred", "refused", "failed", "unknown"}


def broken(facts: Facts, ttl_s: float) -> list[str]:
    """Return every promise that was broken, whatever happened to functions and hosts."""
    return [
        *held_too_long(facts, ttl_s),
        *taken_twice(facts),
        *overrated(facts),
        *unaccounted(facts),
    ]


def held_too_long(facts: Facts, ttl_s: float) -> Iterator[str]:
    """No writer waited longer than a lease, the way to it, and a second."""
    for instance, place in facts.places.items():
        way_s = max((lease.before_held_s for lease in place.leases), default=0.0)
        for transaction in place.diary:
            end_s = facts.seen_s if transaction.end_s is None else transaction.end_s
            if end_s - transaction.begin_s > ttl_s + way_s + GRACE_S:
                waited_s = end_s - transaction.begin_s
                yield f"a writer on {instance} waited {waited_s:.2f} s; its leases last {ttl_s:.0f} s"


def taken_twice(facts: Facts) -> Iterator[str]:
    """No disk has two snapshots of one run."""
    counts = Counter((one.disk, one.policy, one.due) for one in facts.snapshots)
    for (disk, policy, due), count in counts.items():
        if count > 1:
            yield f"{disk} has {count} snapshots of {policy}@{due}"


def unaccounted(facts: Facts) -> Iterator[str]:
    """Every due disk has a snapshot, or the latest that was said of it is a reason."""
    there = {one.disk for one in facts.snapshots}
    for disk in facts.due:
        if disk in there:
            continue
        said = facts.reports.get(disk, ())
        if not said or said[-1].decision not in WITHOUT_SNAPSHOT or not said[-1].reason:
            last = f"{said[-1].decision}: {said[-1].reason or 'no reason'}" if said else "nothing was said"
            yield f"{disk} has no snapshot and no reason for that ({last})"


def overrated(facts: Facts) -> Iterator[str]:
    """No label says more than journal, markers, times and the copy itself bear out."""
    for snapshot in facts.snapshots:
        if snapshot.label is None or snapshot.label == RANKS[0]:
            continue
        place = next((one for one in facts.places.values() if snapshot.disk in one.disks), None)
        doubts = [*_doubts(snapshot, place, facts)] if place else ["no host has the disk"]
        for doubt in doubts:
            yield f"{snapshot.id} of {snapshot.disk} is called {snapshot.label}, but {doubt}"


def ran_out(facts: Facts) -> Iterator[str]:
    """Where functions, hosts and their links are left alone, no lease ends but by its holder."""
    for instance, place in facts.places.items():
        for lease in place.leases:
            if lease.state not in ("RELEASED", "FAILED"):
                yield f"a lease on {instance} for {lease.operation} was not released: {lease.state}"


def unproved(facts: Facts) -> Iterator[str]:
    """Where nothing goes wrong, every disk is taken, and those with a database are proved.

    A host that says it could not be held in time, as a slow machine's may, is believed.
    """
    labels = {one.disk: one.label for one in facts.snapshots}
    for disk in facts.due:
        if disk not in labels:
            yield f"{disk} was not taken although nothing went wrong"
        elif labels[disk] is None:
            yield f"{disk} has no label although nothing went wrong"
    for place in facts.places.values():
        unable = any(lease.state == "FAILED" for lease in place.leases)
        if labels.get(place.disks[0]) == RANKS[0] and not unable:
            yield f"{place.disks[0]} is called crash although nothing went wrong"


def _doubts(snapshot: Snapshot, place: Place, facts: Facts) -> Iterator[str]:
    lease = next((one for one in place.leases if one.answered.get(snapshot.disk) == snapshot.id), None)
    if lease is None:
        yield "no release carried it"
        return
    yield from _doubts_of_lease(snapshot, lease, place)
    if not facts.clock_moved:
        yield from _doubts_of_time(snapshot, lease)
    if snapshot.copy:
        yield from _doubts_of_copy(snapshot.copy, lease, _locked_states(snapshot, lease, place, facts))


def _doubts_of_lease(snapshot: Snapshot, lease: Lease, place: Place) -> Iterator[str]:
    earned = lease.covers.get(snapshot.disk)
    if (lease.state, lease.verdict) != ("RELEASED", "whole"):
        yield f"its lease is {lease.state}, {lease.verdict}"
    if earned is None or RANKS.index(earned) < RANKS.index(snapshot.label or RANKS[0]):
        yield f"its lease earned {earned}"
    if not lease.operation.startswith(f"{snapshot.policy}@{snapshot.due}/"):
        yield f"its lease was for {lease.operation}"
    left_out = set(place.disks) - set(lease.answered)
    if left_out:
        yield f"{', '.join(sorted(left_out))} of the same moment was not answered inside the lease"


def _doubts_of_time(snapshot: Snapshot, lease: Lease) -> Iterator[str]:
    begin_s = lease.ended_s - lease.locked_s - CLOCK_READING_S
    if not begin_s <= snapshot.created_s <= lease.ended_s:
        yield f"it was created {snapshot.created_s - lease.ended_s:+.3f} s from the lease's end"


def _doubts_of_copy(copy: Copy, lease: Lease, allowed: set[int]) -> Iterator[str]:
    if copy.fault:
        yield f"its database is not whole: {copy.fault}"
    if copy.pre != lease.id or copy.post == lease.id:
        yield f"its markers are of {copy.pre} and {copy.post}, not of inside {lease.id}"
    if copy.sequence not in allowed:
        yield f"its database is at {copy.sequence}, and the locked state was {sorted(allowed)}"


def _locked_states(snapshot: Snapshot, lease: Lease, place: Place, facts: Facts) -> set[int]:
    """Return the states that the database can have been locked in.

    At the moment of the creation the lock was there, so that the state is that of the last commit before it.
    Where the cloud's clock was moved, that moment is anywhere within the lock.
    """
    if facts.clock_moved:
        return states(place.diary, lease.ended_s - lease.locked_s - CLOCK_READING_S, lease.ended_s)
    return states(place.diary, snapshot.created_s, snapshot.created_s)


def states(diary: Iterable[Transaction], from_s: float, to_s: float) -> set[int]:
    """Return the states that a database was in between two moments, as far as its writer's diary can tell.

    A commit is noted after it has happened: one that had begun may have been done, too.
    """
    found: set[int] = set()
    for one in diary:
        if one.sequence is None or one.end_s is None or one.begin_s > to_s:
            break
        if one.end_s <= from_s:
            found.clear()
        found.add(one.sequence)
    return found
