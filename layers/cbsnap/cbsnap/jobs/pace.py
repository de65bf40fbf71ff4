"""A worker's share of an API's rate, saved up before a lease and never waited for inside."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cbsnap.ports import Clock


class Pace:
    """Tokens that come at `per_s`; what is taken ahead delays those who come after.

    Workers begin together, so each waits a part of its first turn, `phase` from 0 to 1: their
    bursts do not fall into the same second.
    """

    def __init__(self, per_s: float, clock: Clock, phase: float = 0.0) -> None:
        self._interval_s = 1 / per_s
        self._clock = clock
        self._phase = phase
        self._next = clock.monotonic()
        self._lock = threading.Lock()

    def save(self, tokens: int) -> None:
        """Return once that many calls may be sent at the same moment; at once for none."""
        if not tokens:
            return
        with self._lock:
            now = self._clock.monotonic()
            self._next = max(self._next, now) + (1 + self._phase) * tokens * self._interval_s
            self._phase = 0.0
            ready = self._next - self._interval_s
        if ready > now:
            self._clock.sleep(ready - now)
