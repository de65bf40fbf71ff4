"""A worker's hands: threads that take groups side by side, as many as the batch allows.

Whoever gives them work waits while all of them are busy. Labels are written while they work, so
that a worker that dies leaves few unwritten. What nobody could have written to is said at the end,
when it has been looked at a second time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.jobs import group, preflight
from cbsnap.jobs.labelling import Labels
from cbsnap.jobs.verdicts import Taken, merged
from cbsnap.model.labels import Label
from cbsnap.model.runs import Decision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from types import TracebackType

    from typing_extensions import Self

    from cbsnap.jobs.preflight import Ahead, Facts
    from cbsnap.jobs.work import Work
    from cbsnap.model.runs import Outcome


class Crew:
    """Entered for as long as there is work; `taken` tells afterwards what became of it."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._free = BoundedSemaphore(work.batch.side_by_side)
        self._pool = ThreadPoolExecutor(work.batch.side_by_side)
        self._going: list[Future[Taken]] = []
        self._told: list[Taken] = []
        self._labels = Labels(work.cloud)
        self._idle: set[str] = set()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        """Wait until all is done; what is lost by an error is not told."""
        self._pool.shutdown()
        if kind is None:
            self._collect(self._going)
            self._labels.flush()

    def take(self, plans: Sequence[Ahead], facts: Facts) -> None:
        """Have groups taken one after the other, by a hand that is free."""
        self._free.acquire()
        self._going.append(self._pool.submit(self._take, plans, facts))
        self._collect([one for one in self._going if one.done()])

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        """Add what was decided without anybody taking anything."""
        self._told.append(Taken(tuple(outcomes)))

    def taken(self) -> Taken:
        """Return what became of everything."""
        together = merged(self._told)
        outcomes = self._labels.noted(self._writerless(together.outcomes))
        return replace(together, outcomes=tuple(outcomes))

    def _take(self, plans: Sequence[Ahead], facts: Facts) -> Taken:
        try:
            taken = merged(group.take(plan, facts, self.work) for plan in plans)
            self._idle.update(one.disk_id for one in taken.outcomes if facts.writerless(one.disk_id))
            return taken
        finally:
            self._free.release()

    def _collect(self, done: Sequence[Future[Taken]]) -> None:
        for one in done:
            self._told.append(one.result())
            self._labels.add(one.result().outcomes)
        self._going = [one for one in self._going if one not in done]

    def _writerless(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Say which of the snapshots without a plan had nobody who could have written, before or after."""
        crash = {one.disk_id for one in outcomes if _is_new(one, Label.CRASH)} & self._idle
        if not crash:
            return list(outcomes)
        try:
            after = preflight.read(self.work.cloud, crash, snapshots=False)
        except CloudError:
            return list(outcomes)
        safe = {one for one in crash if one in after.disks and after.writerless(one)}
        return [
            preflight.without_writer(one) if one.disk_id in safe and _is_new(one, Label.CRASH) else one
            for one in outcomes
        ]


def _is_new(outcome: Outcome, label: Label) -> bool:
    return outcome.decision is Decision.TAKEN and outcome.label is label
