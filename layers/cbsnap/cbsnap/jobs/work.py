"""What one worker invocation works on, and with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cbsnap.jobs.pace import Pace
    from cbsnap.model import Batch
    from cbsnap.ports import Clock, Cloud, Hosts


@dataclass(frozen=True, slots=True)
class Work:
    """A batch and the means to take it. `until`: the monotonic time at which the worker must have ended."""

    batch: Batch
    cloud: Cloud
    hosts: Hosts
    clock: Clock
    pace: Pace
    until: float
