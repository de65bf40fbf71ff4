"""Results as a benchmark would come to them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.machine import Machine
from bench.trials import Benchmark, Metric, Result, Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MACHINE = Machine(2, "A CPU", "6.18", "3.10.13", "ext4", 0.5)
METRICS = (
    Metric("total", "ms", "all of it"),
    Metric("wait", "ms", "… of it: waiting", compared=False),
    Metric("proof", "ms", "… of it: the proof"),
)


def benchmark(sides: Mapping[str, Side] | None = None, log: list[str] | None = None) -> Benchmark:
    told = [] if log is None else log

    @contextmanager
    def scenery() -> Iterator[Mapping[str, Side]]:
        told.append("built")
        try:
            yield sides or {}
        finally:
            told.append("ended")

    return Benchmark("pace", "how long <it> takes", 3, METRICS, "total", scenery)


def result() -> Result:
    return Result(
        benchmark(),
        {
            "bare": tuple({"total": value, "wait": 1.0} for value in (2.0, 4.0, 6.0)),
            "ours": tuple({"total": value, "wait": 5.0, "proof": 0.25} for value in (10.0, 6.0, 30.0)),
        },
    )
