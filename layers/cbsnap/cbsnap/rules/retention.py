"""Which snapshots stay and which may go, with the reason for each.

Only good snapshots (NORMAL, labelled at least as the policy wants, and not found broken by a drill)
fill the rules, so lesser ones never push them out; the newest good one always stays. Lesser ones
live for a short time. What the cloud would not delete, or a person holds, is left. Deleting is the
jobs' business.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cbsnap.model.cloud import Snapshot
    from cbsnap.model.labels import Label
    from cbsnap.model.policies import Keep
    from cbsnap.rules.ours import Ours

_AGE = attrgetter("age_rank")

# A bucket is the text that its members' wall times share; an hour that the clocks repeat is two buckets.
BUCKETS: Mapping[str, Callable[[datetime], str]] = {
    "hourly": lambda at: at.isoformat(" ", "hours"),
    "daily": lambda at: at.date().isoformat(),
    "weekly": lambda at: "{}-W{:02}".format(*at.isocalendar()),
    "monthly": lambda at: at.date().isoformat()[:7],
    "yearly": lambda at: at.date().isoformat()[:4],
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
    lines: dict[tuple[str, str, str], list[Ours]] = {}
    for one in snapshots:
        lines.setdefault(one.line, []).append(one)
    return [
        verdict
        for _, line in sorted(lines.items())
        for verdict in _judged_line(sorted(line, key=_AGE, reverse=True), terms, now, held)
    ]


def resort(lesser: Iterable[Ours]) -> Ours | None:
    """Return what is left to restore from where none is good: the newest whole one, unbroken if one is.

    They are given newest first. One that is still being made may vanish, and is no help.
    """
    whole = [one for one in lesser if one.snapshot.state == "NORMAL"]
    return next((one for one in whole if not one.broken), whole[0] if whole else None)


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
    """Yield a verdict on each of a line's snapshots, which are given newest first."""
    good: list[Ours] = []
    lesser: list[Ours] = []
    for one in line:
        (good if one.good(terms.good) else lesser).append(one)
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    kept = (*_kept_good(good, terms, now), *_kept_lesser(lesser, line[0], terms, now))
    for one, reason in kept if good else (*kept, *_kept_at_last(lesser)):
        reasons[one.snapshot.id].append(reason)
    for one in line:
        why = ", ".join(reasons.get(one.snapshot.id) or _left(one.snapshot, held))
        yield Verdict(one, bool(why), why or "no rule keeps it")


def _kept_good(good: Sequence[Ours], terms: Terms, now: datetime) -> Iterator[tuple[Ours, str]]:
    yield from ((one, "newest good one") for one in good[:1])
    yield from ((one, f"last {place}") for place, one in enumerate(good[: terms.keep.last], 1))
    zone = ZoneInfo(terms.time_zone)
    on_the_wall = [one.name.due.astimezone(zone) for one in good]
    for rule, bucket in BUCKETS.items():
        for place, text in _newest_of_each(on_the_wall, bucket, getattr(terms.keep, rule)):
            yield good[place], f"{rule} {text}"
    since = now - terms.keep.within
    yield from ((one, "within") for one in good if one.name.due > since)


def _newest_of_each(
    times: Sequence[datetime], bucket: Callable[[datetime], str], count: int
) -> Iterator[tuple[int, str]]:
    """Yield the place of the newest in each of the latest `count` buckets that have any."""
    seen: set[str] = set()
    for place, text in enumerate(map(bucket, times if count else ())):
        if text in seen:
            continue
        if len(seen) == count:
            return
        seen.add(text)
        yield place, text


def _kept_lesser(
    lesser: Sequence[Ours], newest: Ours, terms: Terms, now: datetime
) -> Iterator[tuple[Ours, str]]:
    """Yield those still in their short life; and the newest of all, while no good one is newer."""
    yield from ((one, "newest, though not good") for one in lesser[:1] if one is newest)
    for one in lesser:
        if one.name.due > now - terms.lesser_for:
            yield one, f"{_lack(one)} for {terms.lesser_for.days} days"


def _kept_at_last(lesser: Sequence[Ours]) -> Iterator[tuple[Ours, str]]:
    """Yield the one that a restore would start from, where none is good and the newest is no help."""
    one = resort(lesser)
    if one is not None and one is not lesser[0]:
        yield one, "none is good, and none newer is whole or not known to be broken"


def _lack(one: Ours) -> str:
    """Return what keeps it from being good."""
    if one.broken:
        return "failed its drill,"
    return one.label.value if one.label else "unproven"


def _left(snapshot: Snapshot, held: Mapping[str, str]) -> Iterator[str]:
    """Yield why it is left though no rule keeps it: the cloud would refuse, or a person holds it."""
    if snapshot.state != "NORMAL":
        yield f"its state is {snapshot.state}"
    if snapshot.locked:
        yield "locked"
    if snapshot.shares:
        yield "shared with other accounts"
    if snapshot.copying_to:
        yield f"being copied to {', '.join(snapshot.copying_to)}"
    if snapshot.image_ids:
        yield f"an image is made of it: {', '.join(snapshot.image_ids)}"
    if snapshot.id in held:
        yield held[snapshot.id]
