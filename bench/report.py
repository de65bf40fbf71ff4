"""From samples to what is said of them: one row for each side's figure, and the same as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bench import spread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.machine import Machine
    from bench.trials import Metric, Result

P95 = 95
HEADINGS = ("measured", "side", "median", "p95", "ratio", "ratio of p95")


@dataclass(frozen=True)
class Row:
    """One side's figure. The ratios are to the baseline's; None for the baseline itself."""

    metric: Metric
    side: str
    median: float
    p95: float
    ratio: float | None = None
    ratio_p95: float | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of HEADINGS."""
        return (
            self.metric.meaning,
            self.side,
            f"{_figure(self.median)} {self.metric.unit}",
            f"{_figure(self.p95)} {self.metric.unit}",
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


def as_json(results: Iterable[Result], machine: Machine, measured_at: str) -> dict[str, Any]:
    """Return everything, samples too. `measured_at` is UTC, ISO-8601."""
    return {
        "measured_at": measured_at,
        "machine": asdict(machine),
        "benchmarks": {result.benchmark.name: _described(result) for result in results},
    }


def _row(result: Result, metric: Metric, side: str) -> Row:
    values = result.values(side, metric.name)
    row = Row(metric, side, spread.median(values), spread.percentile(values, P95))
    baseline = result.values(result.baseline, metric.name)
    if side == result.baseline or not baseline or not metric.compared:
        return row
    return Row(
        metric,
        side,
        row.median,
        row.p95,
        spread.ratio(row.median, spread.median(baseline)),
        spread.ratio(row.p95, spread.percentile(baseline, P95)),
    )


def _described(result: Result) -> dict[str, Any]:
    return {
        "claim": result.benchmark.claim,
        "trials": result.trials,
        "baseline": result.baseline,
        "rows": [
            {
                "metric": row.metric.name,
                "unit": row.metric.unit,
                "side": row.side,
                "median": row.median,
                "p95": row.p95,
                "ratio": row.ratio,
                "ratio_p95": row.ratio_p95,
                "samples": result.values(row.side, row.metric.name),
            }
            for row in rows(result)
        ],
    }


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"  # noqa: PLR2004 - three figures are enough


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"
