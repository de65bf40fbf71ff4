"""The bracket round one group: preflight, lease, create, release, label.

All that can fail or take time comes before the lease; inside it are the creates and nothing
else. What could not be quiesced is taken as `crash`, or not at all, as the policy says.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.errors import (
    AlreadyTaken,
    CbsnapError,
    CloudError,
    DiskBusy,
    HostBusy,
    HostError,
    HostRefused,
    HostUnreachable,
    InputError,
    OutcomeUnknown,
    QuotaExhausted,
    Refused,
)
from cbsnap.jobs.bracket import Hold, held
from cbsnap.model import Decision, Label, OnFailure, Outcome, Proof, Thaw
from cbsnap.rules import names
from cbsnap.rules.labels import labels
from cbsnap.rules.ours import DEPLOYMENT_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbsnap.jobs.preflight import Ahead
    from cbsnap.jobs.work import Work
    from cbsnap.model import Batch, Instance, Quiesce, Run
    from cbsnap.ports import Host

UNQUIESCED_TIMEOUT_S = 30.0
VANISHED_S = 60.0
_LOOK_AGAIN_S = 0.2
_LOOK_FOR_ROW_S = 5.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a group; `proof` only when a host was held."""

    outcomes: tuple[Outcome, ...]
    proof: Proof | None = None


def take(plan: Ahead, instance: Instance | None, work: Work) -> Taken:
    """Take the missing disks of a group at one moment."""
    if work.batch.quiesce is None or instance is None:
        reason = "no plan" if work.batch.quiesce is None else "no running instance to run the plan on"
        return Taken(_take_unquiesced(plan, work, reason))
    try:
        with closing(work.hosts.on(instance)) as host:
            return _take_quiesced(plan, host, work.batch.quiesce, work)
    except CloudError as failed:
        return Taken(_all(plan, Decision.FAILED, str(failed)))
    except (HostError, InputError) as failed:
        if work.batch.quiesce.on_failure is OnFailure.CRASH:
            return Taken(_take_unquiesced(plan, work, f"not quiesced: {failed}"))
        return Taken(_all(plan, Decision.FAILED, f"not quiesced, so not taken: {failed}"))


def _take_quiesced(plan: Ahead, host: Host, quiesce: Quiesce, work: Work) -> Taken:
    """Hold the host and create, as often as the policy says; a busy host is no failed try."""
    operation = _operation(plan, work.batch.run)
    tries_left = quiesce.tries
    while True:
        _require_time(quiesce, work)
        try:
            return _try_once(plan, host, operation, quiesce, work)
        except HostBusy as busy:
            _wait(busy, work)
        except AlreadyTaken as there:
            if _still_there(there, work):
                return Taken(_adopted(plan, there))
            operation = f"{operation}/after-{'+'.join(sorted(there.answered.values()))}"
        except (HostUnreachable, HostRefused) as failed:
            tries_left -= 1
            if tries_left <= 0 or _final(failed):
                raise


def _try_once(plan: Ahead, host: Host, operation: str, quiesce: Quiesce, work: Work) -> Taken:
    """Go through the bracket once: all that may wait comes before the lease."""
    checked = host.check(quiesce.plan, plan.members)
    covered = _covered(plan, checked.disk_ids, quiesce)
    work.pace.save(len(plan.missing))
    work.cloud.warm(len(plan.missing))
    with held(host, operation, covered, quiesce, work.clock) as hold:
        answers = _create(plan, work, hold.left_s(work.clock))
        hold.answered.update(_answered(answers))
        thawed_late = _past_thaw_point(quiesce.thaw, hold, work)
    return _judged(plan, answers, hold, thawed_late)


def _still_there(there: AlreadyTaken, work: Work) -> bool:
    """Tell whether the snapshots of the host's journal exist: one that failed may simply have disappeared.

    A row may take a moment to show, so what is missing is looked for that long before it is given up.
    """
    wanted = set(there.answered.values())
    give_up = min(work.clock.monotonic() + VANISHED_S, work.until)
    while {one.id for one in work.cloud.snapshots(sorted(wanted))} != wanted:
        if work.clock.monotonic() > give_up:
            return False
        work.clock.sleep(_LOOK_FOR_ROW_S)
    return True


def _require_time(quiesce: Quiesce, work: Work) -> None:
    """Refuse to lock what could not be released in time, or later than the window allows."""
    if work.clock.now() > work.batch.not_after:
        raise HostRefused("too-late", "", f"the window closed at {work.batch.not_after:%H:%M} UTC")
    if work.clock.monotonic() + quiesce.budget_s + quiesce.ttl_s > work.until:
        raise HostRefused("no-time", "", "this invocation has no time left for another lease")


def _covered(plan: Ahead, plan_disks: frozenset[str], quiesce: Quiesce) -> tuple[str, ...]:
    """Return the disks to hold; a plan that writes to a disk outside the group is refused, by name."""
    outside = sorted(plan_disks - set(plan.members))
    if outside:
        raise HostRefused(
            "wrong-disks",
            "",
            f"plan {quiesce.plan} keeps data on {', '.join(outside)}, which this group does not take: "
            "select it too, or group by instance",
        )
    covered = tuple(sorted(plan_disks & set(plan.members)))
    if not covered:
        raise HostRefused("wrong-disks", "", f"plan {quiesce.plan} covers none of {', '.join(plan.members)}")
    return covered


def _operation(plan: Ahead, run: Run) -> str:
    """Name what the lease is for: the whole group, or what an earlier attempt had left of it."""
    whole = f"{run}/{plan.group_id}"
    return whole if plan.missing == plan.members else f"{whole}/{'+'.join(plan.missing)}"


def _create(plan: Ahead, work: Work, timeout_s: float) -> dict[str, str | Exception]:
    named = {disk_id: names.snapshot_name(work.batch.run, disk_id) for disk_id in plan.missing}
    return work.cloud.create_snapshots(named, tags_of(work.batch), timeout_s)


def tags_of(batch: Batch) -> dict[str, str]:
    """Return the tags that a snapshot is born with; the label comes after the proof."""
    tags = {"cbsnap:policy": batch.run.policy, DEPLOYMENT_TAG: batch.deployment}
    return tags if batch.title is None else {**tags, "cbsnap:title": batch.title}


def _answered(answers: Mapping[str, str | Exception]) -> dict[str, str]:
    return {disk_id: answer for disk_id, answer in answers.items() if isinstance(answer, str)}


def _past_thaw_point(thaw: Thaw, hold: Hold, work: Work) -> str:
    """Wait inside the lease for the policy's thaw point; return why it was not reached, or nothing."""
    if thaw is Thaw.RETURNED or not hold.answered:
        return ""
    while hold.left_s(work.clock) > _LOOK_AGAIN_S:
        try:
            seen = work.cloud.snapshots(sorted(hold.answered.values()))
        except CloudError as failed:
            return f"the thaw point could not be seen: {failed}"
        ready = [one for one in seen if thaw is Thaw.VISIBLE or one.state == "NORMAL"]
        if len(ready) == len(hold.answered):
            return ""
        work.clock.sleep(_LOOK_AGAIN_S)
    return f"not yet {thaw.value} when the lease had to end"


def _wait(busy: HostBusy, work: Work) -> None:
    """Wait for a busy host, if there is time for the wait and a lease after it."""
    seconds = busy.retry_after_ms / 1000
    late = (work.batch.not_after - work.clock.now()).total_seconds() < seconds
    if late or work.clock.monotonic() + seconds > work.until:
        raise HostRefused("busy", "", f"{busy}; no time left to wait") from busy
    work.clock.sleep(seconds)


def _final(failed: HostError) -> bool:
    return isinstance(failed, HostRefused) and failed.code != "not-quiesced"


def _judged(plan: Ahead, answers: Mapping[str, str | Exception], hold: Hold, thawed_late: str) -> Taken:
    """Turn answers and the host's proof into outcomes."""
    outcomes = {disk_id: outcome_of(disk_id, answer) for disk_id, answer in answers.items()}
    released = hold.released
    for disk_id, snapshot_id in hold.answered.items():
        if released is None:
            label, reason = None, "the release was not confirmed: to be settled from the host's journal"
        elif thawed_late:
            label, reason = Label.CRASH, thawed_late
        else:
            label, reason = labels(plan.members, hold.answered, released)[disk_id]
        outcomes[disk_id] = Outcome(
            disk_id,
            Decision.TAKEN,
            snapshot_id,
            label,
            reason,
            released.locked_ms if released else None,
        )
    return Taken(tuple(outcomes.values()), _proof(plan.group_id, hold))


def _proof(group_id: str, hold: Hold) -> Proof:
    record = hold.released or hold.record
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
    )


def _take_unquiesced(plan: Ahead, work: Work, reason: str) -> tuple[Outcome, ...]:
    work.pace.save(len(plan.missing))
    answers = _create(plan, work, UNQUIESCED_TIMEOUT_S)
    return tuple(outcome_of(disk_id, answer, Label.CRASH, reason) for disk_id, answer in answers.items())


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


_DECISIONS: Mapping[type[CbsnapError], Decision] = {
    OutcomeUnknown: Decision.UNKNOWN,
    DiskBusy: Decision.DEFERRED,
    QuotaExhausted: Decision.REFUSED,
    Refused: Decision.REFUSED,
    CloudError: Decision.FAILED,
}


def _adopted(plan: Ahead, there: AlreadyTaken) -> tuple[Outcome, ...]:
    """Leave a group to whoever took it: the snapshots are there, their label comes from that holder."""
    return tuple(
        Outcome(disk_id, Decision.ADOPTED, there.answered[disk_id], reason="taken by another invocation")
        if disk_id in there.answered
        else Outcome(disk_id, Decision.DEFERRED, reason=str(there))
        for disk_id in plan.missing
    )


def _all(plan: Ahead, decision: Decision, reason: str) -> tuple[Outcome, ...]:
    return tuple(Outcome(disk_id, decision, reason=reason) for disk_id in plan.missing)
