"""The bracket round one group: preflight, leases, create, release.

All that can fail or take time comes before the leases; inside them are the creates and nothing
else. What could not be quiesced is taken as `crash`, or not at all, as the policy says. What the
answers mean is decided in `verdicts`.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING

from cbsnap.errors import (
    AlreadyTaken,
    CloudError,
    HostBusy,
    HostError,
    HostRefused,
    HostUnreachable,
    InputError,
)
from cbsnap.jobs import preflight, stopping, verdicts
from cbsnap.jobs.bracket import Hold, Wish, held
from cbsnap.model import Label, OnFailure, Thaw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbsnap.jobs.preflight import Ahead, Facts
    from cbsnap.jobs.verdicts import Taken
    from cbsnap.jobs.work import Work
    from cbsnap.model import Outcome, Quiesce, Run
    from cbsnap.ports import Host

UNQUIESCED_TIMEOUT_S = 30.0
VANISHED_S = 60.0
FRESH_S = 2.0
THROTTLED_PAUSE_S = 1.0  # the rate is counted by the second
_LOOK_AGAIN_S = 0.2
_LOOK_FOR_ROW_S = 5.0


def take(plan: Ahead, facts: Facts, work: Work) -> Taken:
    """Take the missing disks of a group at one moment; the calls for that have been paid for."""
    if work.batch.quiesce is None:
        return _take_unquiesced(plan, facts, work, "no plan")
    if not stopping.ours(plan, facts) and all(facts.writerless(one) for one in plan.members):
        return _take_unquiesced(plan, facts, work, "no running instance to run the plan on")
    try:
        return _take_quiesced(plan, facts, work.batch.quiesce, work)
    except CloudError as failed:
        return verdicts.all_failed(plan, str(failed))
    except (HostError, InputError) as failed:
        if work.batch.quiesce.on_failure is OnFailure.CRASH:
            return _take_unquiesced(plan, facts, work, f"not quiesced: {failed}")
        return verdicts.all_failed(plan, f"not quiesced, so not taken: {failed}")


def _take_quiesced(plan: Ahead, facts: Facts, quiesce: Quiesce, work: Work) -> Taken:
    if unsettled := facts.unsettled(plan.members):
        raise HostRefused("no-host", "", f"{', '.join(unsettled)}: nobody can be asked to hold it")
    if quiesce.stops:
        _require_time(1, quiesce, work)
        return stopping.take(plan, facts, work)
    with ExitStack() as connections:
        running = facts.running(plan.members)
        hosts = [connections.enter_context(closing(work.hosts.on(one))) for one in running]
        return _try(plan, hosts, quiesce, work)


def _try(plan: Ahead, hosts: Sequence[Host], quiesce: Quiesce, work: Work) -> Taken:
    """Hold the hosts and create, as often as the policy says; a busy host is no failed try.

    Whoever held the host meanwhile may have taken the group, and died before it could say so: what
    is still missing is looked up again before each further try.
    """
    known: list[Outcome] = []
    tries_left, after = quiesce.tries, ""
    while plan.missing:
        _require_time(len(hosts), quiesce, work)
        try:
            operation = _operation(plan, work.batch.run) + after
            taken = _try_once(plan, _wishes(plan, hosts, quiesce), operation, quiesce, work)
            return verdicts.merged([verdicts.Taken(tuple(known)), taken])
        except HostBusy as busy:
            _wait(busy, work)
        except AlreadyTaken as there:
            if _still_there(there, work):
                return verdicts.merged([verdicts.Taken(tuple(known)), verdicts.adopted(plan, there)])
            after = f"/after-{'+'.join(sorted(there.answered.values()))}"
        except (HostUnreachable, HostRefused) as failed:
            tries_left -= 1
            if tries_left <= 0 or _final(failed):
                raise
        plan, found = _look_again(plan, work)
        known += found
    return verdicts.Taken(tuple(known))


def _look_again(plan: Ahead, work: Work) -> tuple[Ahead, list[Outcome]]:
    """Return what of a group is missing now, and the outcomes of what is there."""
    there = preflight.by_disk(work.cloud.snapshots_of(plan.missing))
    looked = [preflight.of_this_run(one, there.get(one, ()), work.batch) for one in plan.missing]
    known = [one for one in looked if one is not None]
    done = {one.disk_id for one in known}
    return replace(plan, missing=tuple(one for one in plan.missing if one not in done)), known


def _try_once(plan: Ahead, wishes: Sequence[Wish], operation: str, quiesce: Quiesce, work: Work) -> Taken:
    """Go through the bracket once: all that may wait comes before the leases."""
    work.cloud.warm(len(plan.missing))
    with held(wishes, operation, quiesce, work.clock) as hold:
        answers = _create_held(plan, work, hold)
        hold.answered.update(_answered(answers))
        not_thawed = _past_thaw_point(quiesce.thaw, hold, work)
    return verdicts.held_and_taken(plan, answers, hold, not_thawed)


def _wishes(plan: Ahead, hosts: Sequence[Host], quiesce: Quiesce) -> list[Wish]:
    """Ask each host which disks its plan holds, and whether it could; nothing is held yet."""
    wishes = []
    for host in hosts:
        checked = host.check(quiesce.plan, plan.members)
        outside = sorted(checked.disk_ids - set(plan.members))
        if outside:
            raise HostRefused(
                "wrong-disks",
                "",
                f"plan {quiesce.plan} keeps data on {', '.join(outside)}, which this group does not take: "
                "select it too, or group by instance",
            )
        if checked.problems:
            raise HostRefused("not-ready", "", "; ".join(checked.problems))
        if checked.disk_ids:
            wishes.append(Wish(host, tuple(sorted(checked.disk_ids))))
    if not wishes:
        raise HostRefused("wrong-disks", "", f"plan {quiesce.plan} covers none of {', '.join(plan.members)}")
    return wishes


def _operation(plan: Ahead, run: Run) -> str:
    """Name what the lease is for: the whole group, or what an earlier attempt had left of it."""
    whole = f"{run}/{plan.group_id}"
    return whole if plan.missing == plan.members else f"{whole}/{'+'.join(plan.missing)}"


def _require_time(hosts: int, quiesce: Quiesce, work: Work) -> None:
    """Refuse to lock what could not be released in time, or later than the window allows."""
    if work.clock.now() > work.batch.not_after:
        raise HostRefused("too-late", "", f"the window closed at {work.batch.not_after:%H:%M} UTC")
    if work.clock.monotonic() + hosts * quiesce.budget_s + quiesce.ttl_s > work.until:
        raise HostRefused("no-time", "", "this invocation has no time left for another lease")


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


def _create_held(plan: Ahead, work: Work, hold: Hold) -> dict[str, str | Exception]:
    """Create inside the leases; what was only throttled, and so not made, is worth one more call."""
    if hold.left_s(work.clock) <= 0:
        raise HostRefused("not-quiesced", "", "holding took so long that no time was left to create")
    answers = work.create(plan.missing, hold.left_s(work.clock))
    throttled = sorted(verdicts.throttled(answers))
    if throttled and hold.left_s(work.clock) > 2 * THROTTLED_PAUSE_S:
        work.clock.sleep(THROTTLED_PAUSE_S)
        work.pace.spend(len(throttled))
        answers.update(work.create(throttled, hold.left_s(work.clock)))
    return answers


def _answered(answers: Mapping[str, str | Exception]) -> dict[str, str]:
    return {disk_id: answer for disk_id, answer in answers.items() if isinstance(answer, str)}


def _past_thaw_point(thaw: Thaw, hold: Hold, work: Work) -> str:
    """Wait inside the leases for the policy's thaw point; return why it was not reached, or nothing."""
    if thaw is Thaw.RETURNED or not hold.answered:
        return ""
    ids, failure = sorted(hold.answered.values()), ""
    while (left_s := hold.left_s(work.clock)) > _LOOK_AGAIN_S:
        try:
            seen = work.cloud.glance(ids, left_s)
        except CloudError as failed:
            seen, failure = [], f": {failed}"
        if len([one for one in seen if thaw is Thaw.VISIBLE or one.state == "NORMAL"]) == len(ids):
            return ""
        work.clock.sleep(_LOOK_AGAIN_S)
    return f"not yet {thaw.value} when the lease had to end{failure}"


def _wait(busy: HostBusy, work: Work) -> None:
    """Wait for a busy host, if there is time for the wait and a lease after it."""
    seconds = busy.retry_after_ms / 1000
    late = (work.batch.not_after - work.clock.now()).total_seconds() < seconds
    if late or work.clock.monotonic() + seconds > work.until:
        raise HostRefused("busy", "", f"{busy}; no time left to wait") from busy
    work.clock.sleep(seconds)


def _final(failed: HostError) -> bool:
    return isinstance(failed, HostRefused) and failed.code != "not-quiesced"


def _take_unquiesced(plan: Ahead, facts: Facts, work: Work, reason: str) -> Taken:
    """Create without a lease; when some time has passed since the last look, after another one."""
    known: list[Outcome] = []
    try:
        if work.clock.monotonic() - facts.read_at > FRESH_S:
            plan, known = _look_again(plan, work)
    except CloudError as failed:
        return verdicts.all_failed(plan, str(failed))
    answers = work.create(plan.missing, UNQUIESCED_TIMEOUT_S) if plan.missing else {}
    taken = (verdicts.outcome_of(disk_id, answer, Label.CRASH, reason) for disk_id, answer in answers.items())
    return verdicts.Taken((*known, *taken), throttled=verdicts.throttled(answers))
