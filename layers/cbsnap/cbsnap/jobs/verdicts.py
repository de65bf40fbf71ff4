"""From answers and proofs to outcomes: what is said of each disk of a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.errors import (
    AlreadyTaken,
    CbsnapError,
    CloudError,
    CloudFault,
    DiskBusy,
    OutcomeUnknown,
    QuotaExhausted,
    Refused,
    Throttled,
)
from cbsnap.model import Decision, Label, Outcome, Proof, Thaw
from cbsnap.rules.labels import labels, lost

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbsnap.jobs.bracket import Hold
    from cbsnap.jobs.preflight import Ahead
    from cbsnap.model import Group
    from cbsnap.ports import LeaseRecord


_DECISIONS: Mapping[type[CbsnapError], Decision] = {
    OutcomeUnknown: Decision.UNKNOWN,
    CloudFault: Decision.UNKNOWN,  # an error of the cloud's own does not say that nothing was made
    DiskBusy: Decision.DEFERRED,
    QuotaExhausted: Decision.REFUSED,
    Refused: Decision.REFUSED,
    CloudError: Decision.FAILED,
}
_CUTS = {  # no document says when the content is fixed; a calibration measures it
    Thaw.RETURNED: "assumed at return",
    Thaw.VISIBLE: "assumed when its row showed",
    Thaw.NORMAL: "before NORMAL",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a group; a proof for each host that was held.

    `throttled`: disks whose last call was refused for its rate alone, and so not made.
    """

    outcomes: tuple[Outcome, ...]
    proofs: tuple[Proof, ...] = ()
    throttled: frozenset[str] = frozenset()


def merged(several: Iterable[Taken]) -> Taken:
    """Return all outcomes and proofs as one."""
    every = list(several)
    return Taken(
        tuple(outcome for one in every for outcome in one.outcomes),
        tuple(proof for one in every for proof in one.proofs),
        frozenset(disk_id for one in every for disk_id in one.throttled),
    )


def throttled(answers: Mapping[str, str | Exception]) -> frozenset[str]:
    """Return the disks whose call was refused for its rate alone."""
    return frozenset(disk_id for disk_id, answer in answers.items() if isinstance(answer, Throttled))


def outcome_of(
    disk_id: str, answer: str | Exception, label: Label | None = None, reason: str = ""
) -> Outcome:
    """Return what an answer to CreateSnapshot means for its disk."""
    if isinstance(answer, str):
        return Outcome(disk_id, Decision.TAKEN, answer, label, reason)
    for situation, decision in _DECISIONS.items():
        if isinstance(answer, situation):
            return Outcome(disk_id, decision, reason=str(answer))
    raise answer


def held_and_taken(
    plan: Ahead, answers: Mapping[str, str | Exception], hold: Hold, thaw: Thaw, not_thawed: str
) -> Taken:
    """Judge what was taken under leases. `not_thawed`: why the thaw point was not reached, if so."""
    outcomes = {disk_id: outcome_of(disk_id, answer) for disk_id, answer in answers.items()}
    earned = labels(plan.members, hold.answered, hold.released)
    locked_ms = max((one.locked_ms or 0 for one in hold.released if one is not None), default=None)
    how = lost(hold.released)
    for disk_id, snapshot_id in hold.answered.items():
        label, reason = (Label.CRASH, not_thawed) if not_thawed else earned[disk_id]
        outcomes[disk_id] = Outcome(disk_id, Decision.TAKEN, snapshot_id, label, reason, locked_ms, lost=how)
    pairs = zip(hold.records, hold.released, strict=True)
    proofs = tuple(_proof(plan.group_id, after or before, _CUTS[thaw]) for before, after in pairs)
    return Taken(tuple(outcomes.values()), proofs, throttled(answers))


def adopted(plan: Ahead, there: AlreadyTaken) -> Taken:
    """Leave a group to whoever took it: the snapshots are there, their label comes from that holder."""
    return Taken(
        tuple(
            Outcome(disk_id, Decision.ADOPTED, there.answered[disk_id], reason="taken by another invocation")
            if disk_id in there.answered
            else Outcome(disk_id, Decision.DEFERRED, reason=str(there))
            for disk_id in plan.missing
        )
    )


def all_failed(plan: Ahead, reason: str) -> Taken:
    """Say the same of every disk that was still to be taken."""
    return Taken(tuple(_of_disks(plan.missing, Decision.FAILED, reason)))


def all_deferred(plan: Ahead, reason: str) -> list[Outcome]:
    """Say of every disk that was still to be taken why it waits."""
    return _of_disks(plan.missing, Decision.DEFERRED, reason)


def of_groups(groups: Iterable[Group], decision: Decision, reason: str) -> list[Outcome]:
    """Say the same of every disk of these groups."""
    return [one for group in groups for one in _of_disks(group.disk_ids, decision, reason)]


def _of_disks(disk_ids: Iterable[str], decision: Decision, reason: str) -> list[Outcome]:
    return [Outcome(one, decision, reason=reason) for one in disk_ids]


def _proof(group_id: str, record: LeaseRecord, cut: str) -> Proof:
    return Proof(
        group=group_id,
        lease_id=record.lease_id,
        verdict=record.verdict or "unconfirmed",
        reason=record.reason,
        locked_ms=record.locked_ms,
        frozen_ms=record.frozen_ms,
        covers=tuple(f"{cover.disk_id} {cover.how}" for cover in record.covers),
        caveats=record.caveats,
        positions=record.positions,
        steps=record.steps,
        cut=cut,
    )
