"""The window: how long a host's writers wait for us, without CreateSnapshot's own time.

Ours is the core's bracket over HTTP to a real agent; the baseline is `bare`, on the same database
under the same writers. Time is the agent's own: its record's `locked_ms` begins before the lock is
asked for, and the step `lock`, in which SQLite waits for a writer and keeps nobody out, is taken off.
"""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cbsnap.clock import SystemClock
from cbsnap.errors import HostBusy
from cbsnap.hosts.agent import Agent
from cbsnap.jobs.bracket import Hold, Wish, held
from cbsnap.model import Quiesce

from bench import bare
from bench.host import DISK, PLAN, under_load
from bench.trials import Benchmark, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbsnap.ports import LeaseRecord

    from bench.trials import Sample, Side

QUIESCE = Quiesce(PLAN)
INSIDE = ("mark", "sync", "freeze", "thaw")  # the agent's steps between lock and unlock
BESIDE = ("arm", "prepare", "lock")  # its steps while nobody is kept out


@dataclass
class InstantCloud:
    """Answers a create at once; `spent_ms` is what even that took, and is nobody's window."""

    spent_ms: float = field(default=0.0, init=False)

    def create(self) -> dict[str, str]:
        """Return the snapshot's id by disk id."""
        began = time.perf_counter()
        answered = {DISK: f"snap-{secrets.token_hex(4)}"}
        self.spent_ms = _ms_since(began)
        return answered


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    """Yield the bare script, the same with the agent's first sync, and ours: on one host."""
    clock = SystemClock()
    with under_load() as place:
        agent = Agent(place.address, place.key, clock)
        yield {
            "bare script": lambda: bare.hold(place.database, synced_before=False),
            "bare, synced before": lambda: bare.hold(place.database, synced_before=True),
            "cbsnap": lambda: ours(agent, clock),
        }


def ours(agent: Agent, clock: SystemClock) -> Sample:
    """Hold the plan once by the core's bracket; return the milliseconds by the agent's own record."""
    while True:
        agent.check(PLAN, (DISK,))  # as the preflight does; the connection is open from here on
        try:
            return _held_once(agent, clock)
        except HostBusy as busy:  # the last lease's guard is still leaving
            clock.sleep(busy.retry_after_ms / 1000)


def _held_once(agent: Agent, clock: SystemClock) -> Sample:
    cloud = InstantCloud()
    began = time.perf_counter()
    with held([Wish(agent, (DISK,))], f"bench/{secrets.token_hex(8)}", QUIESCE, clock) as hold:
        hold.answered.update(cloud.create())
    whole = _ms_since(began) - cloud.spent_ms
    return {**_split(_proved(hold), cloud.spent_ms), "whole": whole}


def _proved(hold: Hold) -> LeaseRecord:
    """Return the released record; what was not proved is no measurement."""
    (released,) = hold.released
    if released is None or not released.whole:
        raise RuntimeError(f"the lease was not whole: {released}")
    return released


def _split(record: LeaseRecord, create_ms: float) -> Sample:
    """Split what the agent says of the time between lock and unlock, and of the steps before."""
    steps = defaultdict(float, record.steps)  # a step that had nothing to do is not told
    locked = (record.locked_ms or 0.0) - create_ms
    held_ms = locked - steps["lock"]
    named = {name: steps[name] for name in (*INSIDE, *BESIDE)}
    return {
        **named,
        "locked": locked,
        "held": held_ms,
        "wire": held_ms - sum(steps[name] for name in INSIDE),
    }


def _ms_since(began: float) -> float:
    return 1000 * (time.perf_counter() - began)


BENCHMARK = Benchmark(
    name="window",
    claim="how long writers are kept out, CreateSnapshot's own time not counted",
    trials=60,
    metrics=(
        Metric("held", "ms", "writers are kept out"),
        Metric("mark", "ms", "… of it: the marker"),
        Metric("sync", "ms", "… of it: syncfs"),
        Metric("thaw", "ms", "… of it: asking the guard to undo"),
        Metric("wire", "ms", "… of it: HTTP, signatures, the function, unlocking"),
        Metric("lock", "ms", "waiting for a writer, and the lock", compared=False),
        Metric("locked", "ms", "both together, as the agent reports it"),
        Metric("arm", "ms", "before: the guard's start"),
        Metric("prepare", "ms", "before: checkpoint and first syncfs"),
        Metric("whole", "ms", "from asking to proof, as the function has it"),
    ),
    plotted="held",
    sides=sides,
)
