"""How measured values spread: every figure returned is one that was measured, or the mean of two."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least so many percent of all do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def ratio(ours: float, baseline: float) -> float | None:
    """Return how many times the baseline ours is; None where the baseline is nothing."""
    return ours / baseline if baseline > 0 else None
