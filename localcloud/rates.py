"""How often an API may be called: so many calls in any second, by account, region and action."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


@dataclass
class Rates:
    """Counts calls in real time, or by the clock given; a refused call does not count."""

    clock: Callable[[], float] = time.monotonic
    _calls: defaultdict[Hashable, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def admits(self, key: Hashable, per_second: int) -> bool:
        """Say whether one more call of `key` is within `per_second`; 0 means no limit."""
        if not per_second:
            return True
        now, calls = self.clock(), self._calls[key]
        while calls and calls[0] <= now - 1:
            calls.popleft()
        if len(calls) >= per_second:
            return False
        calls.append(now)
        return True
