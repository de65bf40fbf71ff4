"""Snapshots that no rule keeps are deleted, and lesser ones get an end of their own.

Which stay is decided by `rules.retention`, over snapshots of ours only; this acts on it. Right
before a deletion, the one that stands in for the deleted is looked for once more. A lesser one
gets a Deadline only behind a newer good one, and loses it when that is gone, so that the last good
one lives on even when every function has stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING

from cbsnap.errors import OF_ONE
from cbsnap.rules import retention
from cbsnap.rules.inuse import in_use
from cbsnap.rules.retention import Terms
from cbsnap.upkeep import Action, Change, Finding, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model.plan import Plan
    from cbsnap.model.policies import Keep, Policy
    from cbsnap.ports.lifecycle import Ending
    from cbsnap.rules.ours import Ours
    from cbsnap.rules.retention import Verdict
    from cbsnap.upkeep import Note

HOLD_TAG = "cbsnap:hold"  # set by a person; its value says why
TOGETHER = 50  # snapshots of one DeleteSnapshots; no limit is documented
GRACE = timedelta(days=7)  # a Deadline lies this much behind the time at which a pass would delete
_FEW = 10  # the fuse's share is of little meaning below


@dataclass(frozen=True, slots=True)
class Judged:
    """One policy's snapshots in one region, each with its verdict, by disk and newest first."""

    terms: Terms
    verdicts: tuple[Verdict, ...]

    @property
    def doomed(self) -> list[Verdict]:
        """Return what is to go."""
        return [verdict for verdict in self.verdicts if not verdict.stays]


def judge(plan: Plan, inventory: Inventory, now: datetime) -> list[Judged]:
    """Return a verdict on every snapshot of ours that a policy of the file looks after; deletes nothing."""
    mine = inventory.ours()
    held = in_use(mine, inventory.disks, now)
    held |= {one.snapshot.id: f"held: {one.snapshot.tags[HOLD_TAG]}" for one in mine if _is_held(one)}
    lots: dict[tuple[str, bool], list[Ours]] = {}
    for one in mine:
        lots.setdefault((one.name.policy, one.snapshot.copied), []).append(one)
    return [
        _judged(lots[policy.name, is_copy], keep, policy, now, held)
        for policy in plan.policies
        for is_copy, keep in _rules(policy, inventory.region)
        if (policy.name, is_copy) in lots
    ]


def prune(plan: Plan, inventory: Inventory, lifecycle: Ending, now: datetime) -> Iterator[Note]:
    """Delete what may go and set or lift Deadlines; yields what was done and what was refused."""
    for judged in judge(plan, inventory, now):
        yield from _blown(judged, inventory.region)
        yield from deleted(judged.doomed, judged, inventory, lifecycle)
        yield from _deadlines(judged, inventory, lifecycle, now)


def deleted(
    doomed: Sequence[Verdict], judged: Judged, inventory: Inventory, lifecycle: Ending
) -> Iterator[Note]:
    """Delete these of the doomed; yields what was done and what was refused."""
    for some in _cut(doomed):
        yield from _guarded(some, judged, inventory, lifecycle)


def _rules(policy: Policy, region: str) -> list[tuple[bool, Keep]]:
    """Return the rules for what was taken in a region and for what was copied to it."""
    copies = [(True, one.keep) for one in policy.copy if one.region == region]
    return [(False, policy.keep), *copies[:1]]


def _judged(mine: Sequence[Ours], keep: Keep, policy: Policy, now: datetime, held: dict[str, str]) -> Judged:
    terms = Terms(keep, policy.time_zone, policy.good, policy.lesser_for)
    most = max(_FEW, ceil(len(mine) * policy.fuse_percent / 100))
    verdicts = retention.judged(mine, terms, now, held)
    return Judged(terms, tuple(retention.fused(verdicts, most)))


def _is_held(one: Ours) -> bool:
    return HOLD_TAG in one.snapshot.tags


def _blown(judged: Judged, region: str) -> Iterator[Finding]:
    """Yield once what the fuse has held back."""
    for verdict in judged.verdicts:
        if verdict.reason.startswith("fuse:"):
            policy = verdict.of.name.policy
            yield Finding(Trouble.FUSE, region, policy, verdict.reason, policy)
            return


def _guarded(
    doomed: Sequence[Verdict], judged: Judged, inventory: Inventory, lifecycle: Ending
) -> Iterator[Note]:
    """Delete those whose stand-in is still there: somebody else may have deleted it in the meantime."""
    guards = _guards(judged)
    ids = sorted({guards[verdict.of.line].snapshot.id for verdict in doomed})
    there = {one.id for one in inventory.cloud.snapshots(ids) if one.state == "NORMAL"}
    safe = [verdict for verdict in doomed if guards[verdict.of.line].snapshot.id in there]
    for verdict in doomed:
        if verdict not in safe:
            guard = guards[verdict.of.line].snapshot.id
            yield _found(verdict.of, f"kept: {guard}, which stays instead of it, is not there any more")
    if safe:
        yield from _deleted(safe, inventory, lifecycle)


def _guards(judged: Judged) -> dict[tuple[str, str, str], Ours]:
    """Return for each line the newest good one that stays; where none is good, what else to restore from."""
    guards: dict[tuple[str, str, str], Ours] = {}
    for line, verdicts in groupby(judged.verdicts, key=lambda verdict: verdict.of.line):
        staying = [verdict.of for verdict in verdicts if verdict.stays]
        good = (one for one in staying if one.good(judged.terms.good))
        guards[line] = next(good, None) or retention.resort(staying) or staying[0]
    return guards


def _deleted(doomed: Sequence[Verdict], inventory: Inventory, lifecycle: Ending) -> Iterator[Note]:
    """Delete all at once; where one is refused none is deleted, so halve until it stands alone."""
    ids = [verdict.of.snapshot.id for verdict in doomed]
    try:
        lifecycle.delete_snapshots(ids)
    except OF_ONE as refused:
        if len(doomed) > 1:
            middle = len(doomed) // 2
            yield from _deleted(doomed[:middle], inventory, lifecycle)
            yield from _deleted(doomed[middle:], inventory, lifecycle)
        elif refused.gone:
            inventory.forget(ids)
        else:
            yield _found(doomed[0].of, f"could not be deleted: {refused}")
        return
    inventory.forget(ids)
    for verdict in doomed:
        yield _changed(Action.DELETED, verdict.of, verdict.reason)


def _deadlines(judged: Judged, inventory: Inventory, lifecycle: Ending, now: datetime) -> Iterator[Note]:
    for _, verdicts in groupby(judged.verdicts, key=lambda verdict: verdict.of.line):
        behind_a_good_one = False
        for one in [verdict.of for verdict in verdicts if verdict.of.snapshot.id in inventory.snapshots]:
            good = one.good(judged.terms.good)
            why_for_good = _why_for_good(one, good=good, behind=behind_a_good_one)
            behind_a_good_one = behind_a_good_one or good
            if one.snapshot.state == "NORMAL":
                yield from _with_end(one, why_for_good, judged.terms, lifecycle, now)


def _why_for_good(one: Ours, *, good: bool, behind: bool) -> str:
    """Return why a snapshot must not expire by itself; empty for what may."""
    if good:
        return "it is good: the rules end it, not a date"
    if _is_held(one):
        return "a person holds it"
    return "" if behind else "no newer good one stands in for it"


def _with_end(one: Ours, why_for_good: str, terms: Terms, lifecycle: Ending, now: datetime) -> Iterator[Note]:
    """Give a snapshot its Deadline, or take it away; most have what they should."""
    if bool(one.snapshot.deadline) is not bool(why_for_good):
        return
    deadline = None if why_for_good else max(one.name.due + terms.lesser_for, now) + GRACE
    try:
        lifecycle.set_deadline(one.snapshot.id, deadline)
    except OF_ONE as refused:
        if not refused.gone:
            yield _found(one, f"its Deadline could not be changed: {refused}")
        return
    if deadline is None:
        yield _changed(Action.UNENDED, one, why_for_good)
    else:
        yield _changed(Action.ENDED, one, f"expires {deadline:%Y-%m-%d}: a newer good one is there")


def _cut(verdicts: Sequence[Verdict]) -> Iterable[Sequence[Verdict]]:
    return (verdicts[start : start + TOGETHER] for start in range(0, len(verdicts), TOGETHER))


def _changed(action: Action, one: Ours, reason: str) -> Change:
    return Change(action, one.snapshot.region, one.snapshot.id, reason, one.name.policy)


def _found(one: Ours, reason: str) -> Finding:
    return Finding(Trouble.REFUSED, one.snapshot.region, one.snapshot.id, reason, one.name.policy)
