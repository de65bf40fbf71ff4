"""The cloud's clock: real, faster, or moved by hand.

It decides what time the emulated cloud believes it is. States, deadlines, creation times and the life of
temporary credentials follow it; the age of a signature does not: that is held against real time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))


@dataclass
class Clock:
    """Seconds since the epoch; `speed` cloud seconds pass in each real one."""

    speed: float = 1.0
    _real_s: float = field(default_factory=time.monotonic)
    _cloud_s: float = field(default_factory=time.time)

    def now(self) -> float:
        """Return the cloud's time in seconds since the epoch."""
        return self._cloud_s + (time.monotonic() - self._real_s) * self.speed

    def set(self, now_s: float, speed: float | None = None) -> None:
        """Make it `now_s`, and let time pass at `speed` from here."""
        self._real_s, self._cloud_s = time.monotonic(), now_s
        self.speed = self.speed if speed is None else speed

    def advance(self, by_s: float) -> None:
        """Move the clock on by `by_s` seconds."""
        self._cloud_s += by_s


def shanghai(moment_s: float) -> str:
    """Write a moment as the cloud's answers do: naive, in Asia/Shanghai (recorded answers)."""
    return datetime.fromtimestamp(moment_s, SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def utc(moment_s: float) -> str:
    """Write a moment as ISO 8601 in UTC, the form of CVM's times."""
    return datetime.fromtimestamp(moment_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
