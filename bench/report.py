"""From samples to what is said of them: one row for each side's figure, and the same as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from bench import spread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.machine import Machine
    from bench.trials import Metric, Result

P95 = 95
HEADINGS = ("measured", "side", "median", "p95", "more", "ratio", "ratio of p95")


@dataclass(frozen=True)
class Row:
    """One side's figure, and how it stands to the baseline's; None for the baseline itself.

    `more` is the difference of the medians.
    """

    metric: Metric
    side: str
    median: float
    p95: float
    more: float | None = None
    ratio: float | None = None
    ratio_p95: float | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of HEADINGS."""
        return (
            self.metric.meaning,
            self.side,
            f"{figure(self.median)} {self.metric.unit}",
            f"{figure(self.p95)} {self.metric.unit}",
            "" if self.more is None else f"{'+' if self.more >= 0 else '-'}{figure(abs(self.more))}",
            _times(self.ratio),
            _times(self.ratio_p95),
        )


def rows(result: Result) -> list[Row]:
    """Return the rows of a result: metric by metric, the baseline first."""
    return [
        _row(result, metric, side)
        for metric in result.benchmark.metrics
        for side in result.samples
        if result.values(side, metric.name)
    ]


def headline(result: Result) -> str:
    """Return in a line what a benchmark came to: its plotted figure against the baseline."""
    ours = [
        f"{row.side} {_times(row.ratio)}"
        for row in rows(result)
        if row.metric.name == result.benchmark.plotted and row.ratio is not None
    ]
    return f"{', '.join(ours)} times {result.baseline}"


def tried(result: Result) -> str:
    """Return how often the sides ran, in words."""
    return "one trial a side" if result.trials == 1 else f"{result.trials} trials a side, in turn"


def figure(value: float) -> str:
    """Return about three significant figures: what is measured here is no finer."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"  # noqa: PLR2004 - the same


def as_json(
    results: Iterable[Result], machine: Machine, measured_at: str, commit: str = ""
) -> dict[str, Any]:
    """Return everything, samples too. `measured_at` is UTC, ISO-8601; each benchmark says where and when."""
    origin = {"measured_at": measured_at, "commit": commit, "machine": asdict(machine)}
    return {"benchmarks": {result.benchmark.name: origin | _described(result) for result in results}}


def _row(result: Result, metric: Metric, side: str) -> Row:
    values = result.values(side, metric.name)
    row = Row(metric, side, spread.median(values), spread.percentile(values, P95))
    baseline = result.values(result.baseline, metric.name)
    if side == result.baseline or not baseline or not metric.compared:
        return row
    return replace(
        row,
        more=row.median - spread.median(baseline),
        ratio=spread.ratio(row.median, spread.median(baseline)),
        ratio_p95=spread.ratio(row.p95, spread.percentile(baseline, P95)),
    )


def _described(result: Result) -> dict[str, Any]:
    return {
        "claim": result.benchmark.claim,
        "headline": headline(result),
        "trials": result.trials,
        "baseline": result.baseline,
        "rows": [
            {
                "metric": row.metric.name,
                "meaning": row.metric.meaning,
                "unit": row.metric.unit,
                "compared": row.metric.compared,
                "more_is_better": row.metric.more_is_better,
                "side": row.side,
                "median": row.median,
                "p95": row.p95,
                "more": row.more,
                "ratio": row.ratio,
                "ratio_p95": row.ratio_p95,
                "samples": result.values(row.side, row.metric.name),
            }
            for row in rows(result)
        ],
    }


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"
