"""A worker's share of an API's rate: waited for before a lease, never inside.

What is sent together is paid for before the next may go. A worker's turns stand on a plan of their
own, laid down from the moment at which all workers of a tick begin: one that begins late or has
waited for a host is behind the plan, not beside it, and comes back to it by going a little faster.
So the workers stay out of step, and a tick's end where the next one expects it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cbsnap.ports.clock import Clock

BEHIND = 0.8  # of its time is what a turn takes for who is behind: a quarter faster than the share


class Pace:
    """Turns at `per_s` calls; the first comes in `starts_in_s`, which is below 0 for who is late."""

    def __init__(self, per_s: float, clock: Clock, starts_in_s: float = 0.0) -> None:
        self._interval_s = 1 / per_s
        self._clock = clock
        self._free = clock.monotonic()
        self._planned = self._free + starts_in_s
        self._lock = threading.Lock()

    def wait(self, until: float) -> bool:
        """Return once all that was spent is paid for; False, at once, if that is after `until`, monotonic."""
        with self._lock:
            ready = max(self._planned, self._free)
        if ready > until:
            return False
        left_s = ready - self._clock.monotonic()
        if left_s > 0:
            self._clock.sleep(left_s)
        return True

    def spend(self, calls: int) -> None:
        """Say that so many calls are sent now; none need no turn."""
        with self._lock:
            cost_s = calls * self._interval_s
            self._planned += cost_s
            self._free = max(self._free, self._clock.monotonic()) + BEHIND * cost_s
