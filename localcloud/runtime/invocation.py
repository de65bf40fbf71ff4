"""Every event that a function was given: what became of it, attempt by attempt.

The record is what /_local/invocations shows; it is bounded, and the oldest go first.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localcloud.moments import utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.runtime.attempt import Attempt
    from localcloud.runtime.function import Key

KEPT = 2000


@dataclass
class Invocation:
    """One event; the same request id in every attempt.

    `kind` says where it came from (invoke, timer, url, ...). `state` is queued, running, retrying, succeeded,
    failed (a caller was told) or dead (asynchronous, given up; then `dead_letter` is the queue that has it).
    """

    request_id: str
    function: Key
    qualifier: str
    kind: str
    event: object
    asynchronous: bool
    queued_s: float
    state: str = "queued"
    dead_letter: str | None = None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def last(self) -> Attempt:
        """Return the latest attempt."""
        return self.attempts[-1]

    def failures_counted(self) -> int:
        """Return how many attempts failed that count against the retries."""
        return sum(1 for each in self.attempts if each.failure and not each.failure.overrun)

    def settle(self, dead_letter: str | None) -> None:
        """Close the record by how the latest attempt ended."""
        self.state = "dead" if self.last.failure else "succeeded"
        self.dead_letter = dead_letter if self.last.failure else None

    def error(self) -> dict[str, object] | None:
        """Return what the caller is told of the latest failure."""
        failure = self.attempts[-1].failure if self.attempts else None
        return failure.report(self.request_id) if failure else None

    def shown(self) -> dict[str, object]:
        """Return the record as JSON."""
        last = self.attempts[-1] if self.attempts else None
        return {
            "request_id": self.request_id,
            "function": self.function.name,
            "qualifier": self.qualifier,
            "type": self.kind,
            "asynchronous": self.asynchronous,
            "event": self.event,
            "queued": utc(self.queued_s),
            "state": self.state,
            "dead_letter": self.dead_letter,
            "attempts": [_shown(attempt, self.request_id) for attempt in self.attempts],
            "result": json.loads(last.result) if last and last.result else None,
            "error": self.error(),
            "log": [line.text for attempt in self.attempts for line in attempt.log],
            "duration_ms": last.duration_ms if last else None,
            "cold_start": bool(last and last.cold_start_ms is not None),
            "memory_bytes": last.memory_bytes if last else None,
        }


class Journal:
    """The latest invocations by request id."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Invocation] = OrderedDict()

    def add(self, invocation: Invocation) -> None:
        """Keep it; the oldest is forgotten."""
        self._kept[invocation.request_id] = invocation
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def find(self, function: str | None = None, request_id: str | None = None) -> Iterator[Invocation]:
        """Return those of a function, or with a request id, or all; the oldest first."""
        for invocation in self._kept.values():
            if function in (None, invocation.function.name) and request_id in (None, invocation.request_id):
                yield invocation

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


def _shown(attempt: Attempt, request_id: str) -> dict[str, object]:
    return {
        "started": utc(attempt.started_s),
        "version": attempt.version,
        "pid": attempt.pid,
        "error": attempt.failure.report(request_id) if attempt.failure else None,
        "log": [line.text for line in attempt.log],
        "duration_ms": attempt.duration_ms,
        "cold_start_ms": attempt.cold_start_ms,
        "memory_bytes": attempt.memory_bytes,
    }
