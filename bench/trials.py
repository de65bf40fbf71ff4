"""The frame of a benchmark: its sides take turns, trial by trial, so that all meet the same noise.

What is measured is a benchmark's own business; it says here in which words and units. The first
of its sides is the baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

Sample: TypeAlias = Mapping[str, float]
Side: TypeAlias = Callable[[], Sample]
Sides: TypeAlias = AbstractContextManager[Mapping[str, Side]]


class Unavailable(Exception):
    """A benchmark cannot run here; the message says why."""


@dataclass(frozen=True)
class Metric:
    """One measured figure. Without `compared` a ratio to the baseline would say nothing.

    `more_is_better`: which way is worse, for who compares two reports.
    """

    name: str
    unit: str
    meaning: str
    compared: bool = True
    more_is_better: bool = False


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: `sides` builds the scenery and yields, by name, what runs one trial each.

    `plotted` names the metric that is held against the baseline's, and drawn unless there is a
    `picture` of the benchmark's own: SVG. A side returns its figures by the metrics' names, and may
    leave out those that it does not have; others are for the picture alone.
    """

    name: str
    claim: str
    trials: int
    metrics: tuple[Metric, ...]
    plotted: str
    sides: Callable[[], Sides]
    picture: Callable[[Result], str] | None = None


@dataclass(frozen=True)
class Result:
    """What was measured: by side, the baseline first, one sample a trial."""

    benchmark: Benchmark
    samples: Mapping[str, tuple[Sample, ...]]

    @property
    def trials(self) -> int:
        """How often each side ran."""
        return len(self.samples[self.baseline])

    @property
    def baseline(self) -> str:
        """The name of the side that the others are held against."""
        return next(iter(self.samples))

    def values(self, side: str, metric: str) -> list[float]:
        """Return one figure of a side, in the order of the trials; empty if the side has none."""
        return [sample[metric] for sample in self.samples[side] if metric in sample]


def run(benchmark: Benchmark, trials: int, tell: Callable[[int], None]) -> Result:
    """Run every side once without counting it, then `trials` times in turn; `tell` hears of each round."""
    with benchmark.sides() as sides:
        for side in sides.values():
            side()
        samples: dict[str, list[Sample]] = {name: [] for name in sides}
        for number in range(trials):
            for name, side in sides.items():
                samples[name].append(side())
            tell(number + 1)
    return Result(benchmark, {name: tuple(measured) for name, measured in samples.items()})
