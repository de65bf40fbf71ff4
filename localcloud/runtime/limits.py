"""How much may run at once in an account's region: memory of busy instances, and new instances a minute.

128,000 MB and 500 a minute unless told otherwise (583/11637); the messages are documented (583/42611). That
only busy instances count, and that the minute is the last sixty seconds, is inferred.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localcloud.runtime.attempt import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.clock import Clock
    from localcloud.runtime.function import Function, Key

MINUTE_S = 60.0


@dataclass
class Limits:
    """Counts what is busy and what was started; moments are of the cloud's clock."""

    clock: Clock
    concurrency_mib: int = 128_000
    burst_per_minute: int = 500
    _busy_mib: Counter[Key] = field(default_factory=Counter)
    _started: dict[tuple[str, str], deque[float]] = field(default_factory=dict)

    def enter(self, function: Function, reserved_mib: Mapping[Key, int]) -> Failure | None:
        """Count a busy instance of the function, or say why there may be none."""
        key, memory_mib = function.key, function.memory_mib
        if key in reserved_mib:
            quota_mib, used_mib, kind = reserved_mib[key], self._busy_mib[key], "reserved"
        else:
            here = [each for each in (*self._busy_mib, *reserved_mib) if _place(each) == _place(key)]
            quota_mib = self.concurrency_mib - sum(reserved_mib.get(each, 0) for each in set(here))
            used_mib = sum(self._busy_mib[each] for each in set(here) if each not in reserved_mib)
            kind = "region unreserved"
        if used_mib + memory_mib > quota_mib:
            text = f"Function [ {key.name} ] concurrency exceeded {kind} quota {quota_mib} MB"
            return Failure(432, text, overrun=True)
        self._busy_mib[key] += memory_mib
        return None

    def leave(self, function: Function) -> None:
        """Count it no more."""
        self._busy_mib[function.key] -= function.memory_mib

    def start(self, function: Function) -> Failure | None:
        """Count a new instance, or say why there may be none."""
        now_s = self.clock.now()
        started = self._started.setdefault(_place(function.key), deque())
        while started and started[0] <= now_s - MINUTE_S:
            started.popleft()
        if len(started) >= self.burst_per_minute:
            return Failure(
                429, f"ResourceLimit: {self.burst_per_minute} new instances a minute", overrun=True
            )
        started.append(now_s)
        return None


def _place(key: Key) -> tuple[str, str]:
    return key.uin, key.region
