"""Which snapshots stay and which may go, with the reason for each.

Only good snapshots (NORMAL, and labelled at least as the policy wants) fill the rules, so lesser
ones never push them out; the newest good one always stays. Lesser ones live for a short time. What
the cloud would not delete, or a person holds, is left. Deleting is the jobs' business.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cbsnap.model import Keep, Label, Snapshot
    from cbsnap.rules.ours import Ours

# A bucket is the text that its members share; an hour that the clocks repeat is two buckets.
BUCKETS = {
    "hourly": "%Y-%m-%d %H:00 %z",
    "daily": "%Y-%m-%d",
    "weekly": "%G-W%V",
    "monthly": "%Y-%m",
    "yearly": "%Y",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """A policy's retention. `good` is the least label that fills the rules."""

    keep: Keep
    time_zone: str
    good: Label
    lesser_for: timedelta = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one snapshot, and why."""

    of: Ours
    stays: bool
    reason: str


def judged(snapshots: Iterable[Ours], terms: Terms, now: datetime, held: Mapping[str, str]) -> list[Verdict]:
    """Return a verdict on each snapshot, by region, disk and policy, newest first.

    Each of these lines is judged by itself. `held` maps ids that a person holds to the reason.
    """
    ordered = sorted(snapshots, key=lambda one: (one.line, one.age_rank), reverse=True)
    lines = (list(line) for _, line in groupby(ordered, key=lambda one: one.line))
    return [verdict for line in lines for verdict in _judged_line(line, terms, now, held)]


def fused(verdicts: Sequence[Verdict], most: int) -> list[Verdict]:
    """Return the verdicts as they are, or with none to go when there are more of these than `most`."""
    doomed = sum(not verdict.stays for verdict in verdicts)
    if doomed <= most:
        return list(verdicts)
    blown = f"fuse: {doomed} would go, {most} at most; raise it if that is meant"
    return [verdict if verdict.stays else replace(verdict, stays=True, reason=blown) for verdict in verdicts]


def _judged_line(
    line: Sequence[Ours], terms: Terms, now: datetime, held: Mapping[str, str]
) -> Iterator[Verdict]:
    good: list[Ours] = []
    lesser: list[Ours] = []
    for one in line:
        (good if one.good(terms.good) else lesser).append(one)
    reasons: dict[str, list[str]] = {}
    for one, reason in (*_kept_good(good, terms, now), *_kept_lesser(lesser, line[0], terms, now)):
        reasons.setdefault(one.snapshot.id, []).append(reason)
    for one in line:
        kept = reasons.get(one.snapshot.id) or _left(one.snapshot, held)
        yield Verdict(one, stays=bool(kept), reason=", ".join(kept) or "no rule keeps it")


def _kept_good(good: Sequence[Ours], terms: Terms, now: datetime) -> Iterator[tuple[Ours, str]]:
    yield from ((one, "newest good one") for one in good[:1])
    yield from ((one, f"last {place}") for place, one in enumerate(good[: terms.keep.last], 1))
    for rule in BUCKETS:
        yield from _newest_of_each(good, rule, getattr(terms.keep, rule), ZoneInfo(terms.time_zone))
    yield from ((one, "within") for one in good if one.name.due > now - terms.keep.within)


def _newest_of_each(
    good: Sequence[Ours], rule: str, count: int, zone: ZoneInfo
) -> Iterator[tuple[Ours, str]]:
    """Yield the newest of each of the latest `count` buckets that have any."""
    seen: set[str] = set()
    for one in good if count else ():
        bucket = one.name.due.astimezone(zone).strftime(BUCKETS[rule])
        if bucket in seen:
            continue
        if len(seen) == count:
            return
        seen.add(bucket)
        yield one, f"{rule} {bucket}"


def _kept_lesser(
    lesser: Sequence[Ours], newest: Ours, terms: Terms, now: datetime
) -> Iterator[tuple[Ours, str]]:
    """Yield those still in their short life; and the newest of all, while no good one is newer."""
    yield from ((one, "newest, though not good") for one in lesser[:1] if one is newest)
    for one in lesser:
        if one.name.due > now - terms.lesser_for:
            yield one, f"{one.label.value if one.label else 'unproven'} for {terms.lesser_for.days} days"


def _left(snapshot: Snapshot, held: Mapping[str, str]) -> list[str]:
    """Return why it is left though no rule keeps it: the cloud would refuse, or a person holds it."""
    obstacles = {
        f"its state is {snapshot.state}": snapshot.state != "NORMAL",
        "locked": snapshot.locked,
        "shared with other accounts": snapshot.shares > 0,
        f"being copied to {', '.join(snapshot.copying_to)}": bool(snapshot.copying_to),
        f"an image is made of it: {', '.join(snapshot.image_ids)}": bool(snapshot.image_ids),
        held.get(snapshot.id, ""): snapshot.id in held,
    }
    return [reason for reason, present in obstacles.items() if present]
