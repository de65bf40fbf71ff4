"""The machine's own time: the port `Clock`."""

from __future__ import annotations

import time
from datetime import datetime, timezone


class SystemClock:
    """Time as the machine has it."""

    def now(self) -> datetime:
        """Return the time of day, UTC."""
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
