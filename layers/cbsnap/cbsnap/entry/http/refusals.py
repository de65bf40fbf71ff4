"""How callers without a right token are kept off: counted by address, slowed, and told to wait.

A refusal takes the same time whatever was wrong. An instance serves one request at a time, so that
the pause is short, and once an address has used up its refusals it is turned away without one. A
right token is served whatever its address did before: nobody can lock out others behind the same
address. It is the tokens' length that withstands guessing, not this. Counts are one instance's.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cbsnap.ports.clock import Clock

SLOWED_S = 0.1
MOST_IN_A_WINDOW = 30
WINDOW_S = 60.0
MOST_ADDRESSES = 1024


class Refusals:
    """What was refused lately."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """Return for how many seconds an address is turned away, 0 if it is not."""
        began, count = self._window(address)
        left_s = began + WINDOW_S - self._clock.monotonic()
        return max(1, round(left_s)) if count >= MOST_IN_A_WINDOW else 0

    def add(self, address: str, status: int, request_id: str) -> None:
        """Count a refusal and put it into the log."""
        began, count = self._window(address)
        self._seen[address] = began, count + 1
        self._seen.move_to_end(address)
        if len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
        line = {
            "cbsnap": "refusal",
            "request_id": request_id,
            "address": address,
            "status": status,
            "count": count + 1,
        }
        print(json.dumps(line))  # noqa: T201 - a function's log is what it prints

    def slow_down(self, began_s: float) -> None:
        """Wait until a refusal has taken its time since a moment of the clock."""
        self._clock.sleep(max(0.0, began_s + SLOWED_S - self._clock.monotonic()))

    def _window(self, address: str) -> tuple[float, int]:
        """Return when an address's window began, and how many refusals it holds."""
        now = self._clock.monotonic()
        began, count = self._seen.get(address, (now, 0))
        return (began, count) if now - began < WINDOW_S else (now, 0)
