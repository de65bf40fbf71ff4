"""The cloud's clock: real, faster, or moved by hand.

It decides what time the emulated cloud believes it is. States, deadlines, creation times and the life of
temporary credentials follow it; the age of a signature does not: that is held against real time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from localcloud.moments import LATEST_S


@dataclass
class Clock:
    """Seconds since the epoch; `speed` cloud seconds pass in each real one."""

    speed: float = 1.0
    _real_s: float = field(default_factory=time.monotonic)
    _cloud_s: float = field(default_factory=time.time)

    def now(self) -> float:
        """Return the cloud's time in seconds since the epoch; it stops at the last that can be written."""
        return min(LATEST_S, self._cloud_s + (time.monotonic() - self._real_s) * self.speed)

    def set(self, now_s: float, speed: float | None = None) -> None:
        """Make it `now_s`, and let time pass at `speed` from here."""
        self._real_s, self._cloud_s = time.monotonic(), now_s
        self.speed = self.speed if speed is None else speed

    def advance(self, by_s: float) -> None:
        """Move the clock on by `by_s` seconds."""
        self._cloud_s += by_s
