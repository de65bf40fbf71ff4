"""One case on a stage, from its first tick to the observer's verdict.

After what the case does come the retries that the platform makes by itself (a failed event, twice) and the
timer's next ticks, now undisturbed. They end when nothing more can come of them.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.chaos import facts, observer, processes
from tests.chaos.cases import TTL_S
from tests.chaos.cloud import UPKEEP, WORKER
from tests.chaos.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.cases import Case, Strike
    from tests.chaos.stage import Stage

QUIET_S = 90.0
TICKS = 3
ECHO_S = 20.0
_PAUSE_S = 0.05


@dataclass(frozen=True)
class Verdict:
    """What became of a case: broken promises, what was done to it, and each disk's ending."""

    case: Case
    broken: tuple[str, ...]
    struck: tuple[Strike, ...]
    missed: tuple[Strike, ...]
    hits: int
    endings: tuple[str, ...]
    story: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        """Return the case, what was broken and what was seen, with the command that does it again."""
        return "\n  ".join([str(self.case), *self.broken, *self.story, self.case.command])


def run(stage: Stage, case: Case) -> Verdict:
    """Let a case happen and judge it."""
    began = time.monotonic()
    stage.prepare(case)
    since = {instance: host.diary.stat().st_size for instance, host in stage.hosts.items()}
    stage.saboteur.arm(case.strikes)
    stage.cloud.fail(list(case.faults))
    _deliver(stage, case)
    _settle(stage)
    struck, missed = stage.saboteur.disarm()
    hits = sum(fault["hit"] for fault in stage.cloud.stop_failing())
    _tick_on(stage)
    seen = observed(stage, case, since)
    return Verdict(
        case,
        tuple(judged(seen, case)),
        tuple(struck),
        tuple(missed),
        hits,
        tuple(endings(seen)),
        tuple(story(seen)),
        time.monotonic() - began,
    )


def judged(seen: Facts, case: Case) -> Iterator[str]:
    """Yield the promises that a case leaves no excuse for and that were broken all the same."""
    yield from observer.broken(seen, TTL_S)
    if case.spares_hosts:
        yield from observer.ran_out(seen)
    if case.peaceful:
        yield from observer.unproved(seen)


def endings(seen: Facts) -> Iterator[str]:
    """Yield in a word how it ended for each disk: its label, `unproven`, or what was said of it."""
    labels = {one.disk: one.label or "unproven" for one in seen.snapshots}
    for disk in seen.due:
        said = seen.reports.get(disk, ())
        yield labels.get(disk) or (f"none: {said[-1].decision}" if said else "none")


def story(seen: Facts) -> Iterator[str]:
    """Yield what a person wants to read of a case that went wrong."""
    yield from seen.failures
    for disk, said in sorted(seen.reports.items()):
        yield f"{disk}: " + "; ".join(f"{one.decision} ({one.reason})" for one in said)
    for instance, place in seen.places.items():
        for lease in sorted(place.leases, key=lambda one: one.ended_s):
            yield (
                f"{instance}: {lease.state} at {lease.ended_s:.3f} after {lease.locked_s:.3f} s locked, "
                f"for {lease.operation}, answered {dict(lease.answered)}: {lease.reason}"
            )
    for one in seen.snapshots:
        yield f"{one.id} of {one.disk}: {one.state} {one.label} at {one.created_s:.3f} {one.copy or ''}"


def observed(stage: Stage, case: Case, since: dict[str, int]) -> Facts:
    """Let the observer look, once every writer has gone on since the last lease."""
    processes.until("the writers go on", lambda: _all_write(stage), QUIET_S)
    state = stage.cloud.state()
    moved = any(act.what == "jump" for strike in case.strikes for act in strike.acts)
    return Facts(
        due=tuple(facts.disks(state)),
        snapshots=tuple(facts.snapshots(state)),
        reports=facts.reports(stage.cloud.invocations()),
        places={
            instance: facts.place(host, since[instance], f"db-{case.number}@")
            for instance, host in stage.hosts.items()
        },
        seen_s=time.time(),
        failures=tuple(facts.failures(stage.cloud.invocations())),
        clock_moved=moved,
    )


def _all_write(stage: Stage) -> bool:
    """Tell whether every database takes writes now."""
    before = [host.diary.stat().st_size for host in stage.hosts.values()]
    time.sleep(_PAUSE_S)
    return all(
        host.diary.read_bytes()[size:].count(b"commit") > 1
        for host, size in zip(stage.hosts.values(), before, strict=True)
    )


def _deliver(stage: Stage, case: Case) -> None:
    for _ in range(case.ticks):
        stage.cloud.fire()
    if case.echoes:
        with contextlib.suppress(
            TimeoutError
        ):  # what was done to the case has kept a worker from being called
            processes.until("a worker has been called", lambda: bool(_workers(stage)), ECHO_S)
        for invocation in _workers(stage):
            for _ in range(case.echoes):
                stage.cloud.repeat(invocation["event"])


def _workers(stage: Stage) -> list[dict[str, Any]]:
    return [one for one in stage.cloud.invocations() if one["function"] == WORKER]


def _settle(stage: Stage) -> None:
    processes.until("nothing is under way", stage.cloud.quiet, QUIET_S)


def _tick_on(stage: Stage) -> None:
    """Let the timers fire on until every disk is taken; at least once when all that was begun is made."""
    for _ in range(TICKS):
        with contextlib.suppress(TimeoutError):
            processes.until("nothing is being made", lambda: not _being_made(stage), TTL_S)
        complete = _complete(stage)
        stage.cloud.fire()
        _settle(stage)
        if complete:
            break
    stage.cloud.fire(UPKEEP)
    _settle(stage)


def _being_made(stage: Stage) -> bool:
    return any(one["state"] == "CREATING" for one in facts.rows(stage.cloud.state()))


def _complete(stage: Stage) -> bool:
    state = stage.cloud.state()
    return set(facts.disks(state)) <= {one["disk_id"] for one in facts.rows(state)}
