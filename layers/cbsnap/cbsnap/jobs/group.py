"""The bracket round one group: preflight, leases, create, release.

All that can fail or take time comes before the leases; inside them are the creates and nothing
else. What could not be quiesced is taken as `crash`, or not at all, as the policy says. What the
answers mean is decided in `verdicts`.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from hashlib import sha256
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
from cbsnap.model import DELIVERY_S, Label, OnFailure, Thaw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbsnap.jobs.preflight import Ahead, Facts
    from cbsnap.jobs.verdicts import Taken
    from cbsnap.jobs.work import Work
    from cbsnap.model import Batch, Outcome, Quiesce
    from cbsnap.ports import Host

UNQUIESCED_TIMEOUT_S = 30.0
VANISHED_S = 60.0
FRESH_S = 2.0
STALE_S = 20.0  # where the host's journal knows what has been taken under the same operation
THROTTLED_PAUSE_S = 1.0  # the rate is counted by the second
LONGEST_OPERATION = 400  # characters that an agent takes
_LOOK_AGAIN_S = 0.2
_LOOK_FOR_ROW_S = 5.0


def take(plan: Ahead, facts: Facts, work: Work) -> Taken:
    """Take the missing disks of a group at one moment; the calls for that have been paid for."""
    course = _Course(plan, work)
    return course.closed(_take(course, facts, work))


def _take(course: _Course, facts: Facts, work: Work) -> Taken:
    quiesce, members = work.batch.quiesce, course.plan.members
    if quiesce is None:
        return _take_unquiesced(course, facts, work, "no plan")
    if not stopping.ours(course.plan, facts) and all(facts.writerless(one) for one in members):
        return _take_unquiesced(course, facts, work, "no running instance to run the plan on")
    try:
        return _take_quiesced(course, facts, quiesce, work)
    except CloudError as failed:
        return verdicts.all_failed(course.plan, str(failed))
    except (HostError, InputError) as failed:
        if quiesce.on_failure is OnFailure.CRASH:
            return _take_unquiesced(course, facts, work, f"not quiesced: {failed}")
        return verdicts.all_failed(course.plan, f"not quiesced, so not taken: {failed}")


class _Course:
    """How one group is being taken: `plan` says what is missing now; what was found meanwhile is kept."""

    def __init__(self, plan: Ahead, work: Work) -> None:
        self.plan = plan
        self._work = work
        self._found: list[Outcome] = []
        self.tries = 0
        self._create_ms: float | None = None

    def look_again(self) -> None:
        """Leave out what is there by now: somebody else may have taken it."""
        missing = self.plan.missing
        there = preflight.by_disk(self._work.cloud.snapshots_of(missing))
        looked = [preflight.of_this_run(one, there.get(one, ()), self._work.batch) for one in missing]
        self._found += [one for one in looked if one is not None]
        done = {one.disk_id for one in self._found}
        self.plan = replace(self.plan, missing=tuple(one for one in missing if one not in done))

    def create(self, disk_ids: Sequence[str], timeout_s: float) -> dict[str, str | Exception]:
        """Start snapshots at one moment, and take the time."""
        began = self._work.clock.monotonic()
        answers = self._work.create(disk_ids, timeout_s)
        self._create_ms = round((self._work.clock.monotonic() - began) * 1000, 1)
        return answers

    def closed(self, taken: Taken) -> Taken:
        """Return the whole group's outcomes."""
        told = (replace(one, tries=self.tries, create_ms=self._create_ms) for one in taken.outcomes)
        return replace(taken, outcomes=(*self._found, *told))


def _take_quiesced(course: _Course, facts: Facts, quiesce: Quiesce, work: Work) -> Taken:
    if _taken_meanwhile(course, facts, quiesce, work):
        return verdicts.Taken(())
    plan = course.plan
    if unsettled := facts.unsettled(plan.members):
        raise HostRefused("no-host", "", f"{', '.join(unsettled)}: nobody can be asked to hold it")
    if quiesce.stops:
        _require_time(1, quiesce, work)
        course.tries += 1
        return stopping.take(plan, facts, work)
    with ExitStack() as connections:
        running = facts.running(plan.members)
        hosts = [connections.enter_context(closing(work.hosts.on(one, quiesce.transport))) for one in running]
        return _try(course, hosts, quiesce, work)


def _taken_meanwhile(course: _Course, facts: Facts, quiesce: Quiesce, work: Work) -> bool:
    """Look again at what was looked at some time ago, and tell whether nothing is left to take.

    No journal helps where there is no lease, or where the same key asked for it at another time.
    """
    alone = quiesce.stops or work.batch.run.key is not None
    is_old = work.clock.monotonic() - facts.read_at > (FRESH_S if alone else STALE_S)
    if not (is_old and course.plan.missing):
        return False
    course.look_again()
    return not course.plan.missing


def _try(course: _Course, hosts: Sequence[Host], quiesce: Quiesce, work: Work) -> Taken:
    """Hold the hosts and create, as often as the policy says; a busy host is no failed try.

    Whoever held the host meanwhile may have taken the group, and died before it could say so: what
    is still missing is looked up again before each further try.
    """
    tries_left, after = quiesce.tries, ""
    while course.plan.missing:
        _require_time(len(hosts), quiesce, work)
        course.tries += 1
        try:
            wishes = _wishes(course.plan, hosts, quiesce)
            return _try_once(course, wishes, operation(course.plan, work.batch, after), quiesce, work)
        except HostBusy as busy:
            course.tries -= 1
            _wait(busy, work)
        except AlreadyTaken as there:
            if _still_there(there, work):
                return verdicts.adopted(course.plan, there)
            after = f"/after-{'+'.join(sorted(there.answered.values()))}"
        except (HostUnreachable, HostRefused) as failed:
            tries_left -= 1
            if tries_left <= 0 or _final(failed):
                raise
        course.look_again()
    return verdicts.Taken(())


def _try_once(course: _Course, wishes: Sequence[Wish], name: str, quiesce: Quiesce, work: Work) -> Taken:
    """Go through the bracket once: all that may wait comes before the leases."""
    work.cloud.warm(len(course.plan.missing))
    with held(wishes, name, quiesce, work.clock) as hold:
        answers = _create_held(course, work, hold)
        hold.answered.update(_answered(answers))
        not_thawed = _past_thaw_point(quiesce.thaw, hold, work)
    return verdicts.held_and_taken(course.plan, answers, hold, quiesce.thaw, not_thawed)


def _wishes(plan: Ahead, hosts: Sequence[Host], quiesce: Quiesce) -> list[Wish]:
    """Ask each host which disks its plan holds, and whether it could; nothing is held yet."""
    wishes = []
    for host in hosts:
        checked = host.check(quiesce.plan, plan.members)
        if checked.problems:
            raise HostRefused("not-ready", "", "; ".join(checked.problems))
        if not checked.disk_ids & set(plan.members):
            continue
        if outside := sorted(checked.disk_ids - set(plan.members)):
            raise HostRefused(
                "wrong-disks",
                "",
                f"plan {quiesce.plan} keeps data on {', '.join(outside)} too, which this run does not take "
                "with it: see that one policy selects all of them, or policies that share a lease",
            )
        wishes.append(Wish(host, tuple(sorted(checked.disk_ids))))
    if not wishes:
        raise HostRefused("wrong-disks", "", f"plan {quiesce.plan} covers none of {', '.join(plan.members)}")
    return wishes


def operation(plan: Ahead, batch: Batch, after: str = "") -> str:
    """Name what the lease is for: the whole group, or what an earlier attempt had left of it.

    The name is the same for everybody who is to take the same, so that a host can tell.
    """
    runs = sorted({str(batch.run_of(disk_id)) for disk_id in plan.members})
    whole = f"{'+'.join(runs)}/{plan.group_id}"
    name = (whole if plan.missing == plan.members else f"{whole}/{'+'.join(plan.missing)}") + after
    return name if len(name) <= LONGEST_OPERATION else f"{runs[0]}/{sha256(name.encode()).hexdigest()}"


def _require_time(hosts: int, quiesce: Quiesce, work: Work) -> None:
    """Refuse to lock what could not be released in time, or later than the window allows."""
    if work.clock.now() > work.batch.not_after:
        raise HostRefused("too-late", "", f"the window closed at {work.batch.not_after:%H:%M} UTC")
    longest_s = hosts * (quiesce.budget_s + DELIVERY_S[quiesce.transport]) + quiesce.ttl_s
    if work.clock.monotonic() + longest_s > work.until:
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


def _create_held(course: _Course, work: Work, hold: Hold) -> dict[str, str | Exception]:
    """Create inside the leases; what was only throttled, and so not made, is worth one more call."""
    if hold.left_s(work.clock) <= 0:
        raise HostRefused("not-quiesced", "", "holding took so long that no time was left to create")
    answers = course.create(course.plan.missing, hold.left_s(work.clock))
    throttled = sorted(verdicts.throttled(answers))
    if throttled and hold.left_s(work.clock) > 2 * THROTTLED_PAUSE_S:
        work.clock.sleep(THROTTLED_PAUSE_S)
        work.pace.spend(len(throttled))
        answers.update(course.create(throttled, hold.left_s(work.clock)))
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


def _take_unquiesced(course: _Course, facts: Facts, work: Work, reason: str) -> Taken:
    """Create without a lease; when some time has passed since the last look, after another one."""
    try:
        if work.clock.monotonic() - facts.read_at > FRESH_S:
            course.look_again()
    except CloudError as failed:
        return verdicts.all_failed(course.plan, str(failed))
    if not course.plan.missing:
        return verdicts.Taken(())
    course.tries += 1
    answers = course.create(course.plan.missing, UNQUIESCED_TIMEOUT_S)
    taken = (verdicts.outcome_of(disk_id, answer, Label.CRASH, reason) for disk_id, answer in answers.items())
    return verdicts.Taken(tuple(taken), throttled=verdicts.throttled(answers))
