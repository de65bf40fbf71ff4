"""A result drawn: for each side a box (quartiles, median, 5 % and 95 %) over a strip of all its trials.

A picture by itself, legible on light and on dark pages: it brings its own ground. The axis begins
at nothing, so that lengths can be compared; trials beyond its end are counted there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from bench import spread
from bench.report import figure, rows, tried

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.report import Row
    from bench.trials import Metric, Result

WIDTH, RIGHT, TOP, LANE, BOTTOM, EDGE = 760, 130, 64, 58, 34, 16
BOX, DOT, ROWS_OF_DOTS = 20, 2.2, 7
LETTER = 7.5  # of a side's name, at most
TICKS = 8
LEAST = 0.01  # of what an axis reaches, where nothing was measured to take any time
ROOM = 1.1  # the axis ends so far beyond the largest 95 %
STYLE = """
.ground{fill:#fff;stroke:#d0d7de}.ink{fill:#1f2328}.quiet{fill:#59636e}.grid{stroke:#d8dee4}
.side0{color:#6e7781}.side1{color:#0969da}.box{fill:currentColor;fill-opacity:.16;stroke:currentColor}
.mid{stroke:currentColor;stroke-width:2.5}.reach{stroke:currentColor}.dot{fill:currentColor;fill-opacity:.5}
text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif}.title{font-size:15px;font-weight:600}
@media(prefers-color-scheme:dark){.ground{fill:#0d1117;stroke:#30363d}.ink{fill:#e6edf3}.quiet{fill:#9198a1}
.grid{stroke:#262c36}.side0{color:#9198a1}.side1{color:#58a6ff}}
"""


def svg(result: Result) -> str:
    """Return the picture of the figure that the benchmark wants drawn."""
    metric = next(one for one in result.benchmark.metrics if one.name == result.benchmark.plotted)
    drawn = [row for row in rows(result) if row.metric == metric]
    lanes = {row.side: result.values(row.side, metric.name) for row in drawn}
    scale = _Scale(EDGE + LETTER * max(map(len, lanes)), ROOM * max(row.p95 for row in drawn))
    height = TOP + LANE * len(lanes) + BOTTOM
    parts = [
        *_frame(result, metric, height),
        *_axis(scale, metric.unit, height - BOTTOM),
        *(part for number, row in enumerate(drawn) for part in _lane(number, row, lanes[row.side], scale)),
    ]
    title = escape(f"{result.benchmark.claim}: {metric.meaning}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


class _Scale:
    """From a value to its place on the axis, which begins at `left` and ends at a round number."""

    def __init__(self, left: float, most: float) -> None:
        self.step = _round_step(max(most, LEAST) / TICKS)
        self.end = self.step * math.ceil(max(most, LEAST) / self.step)
        self._left = left

    def x(self, value: float) -> float:
        return round(self._left + (WIDTH - RIGHT - self._left) * value / self.end, 1)

    def ticks(self) -> list[float]:
        return [self.step * number for number in range(round(self.end / self.step) + 1)]


def _round_step(rough: float) -> float:
    """Return the next of 1, 2, 2.5, 5, 10, 20, … (or 0.1, 0.2, …)."""
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= rough)


def _frame(result: Result, metric: Metric, height: int) -> Iterator[str]:
    yield f'<rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>'
    yield text(EDGE, 26, f"{result.benchmark.name}: {metric.meaning}", "ink title")
    yield text(EDGE, 46, f"{tried(result)}; box: quartiles and median; line: 5 to 95 %")


def _axis(scale: _Scale, unit: str, foot: int) -> Iterator[str]:
    for tick in scale.ticks():
        x = scale.x(tick)
        yield f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{foot}"/>'
        yield text(x, foot + 18, f"{tick:g}", "quiet", "middle")
    yield text(WIDTH - EDGE, foot + 18, unit, "quiet", "end")


def _lane(number: int, row: Row, values: Sequence[float], scale: _Scale) -> Iterator[str]:
    top = TOP + LANE * number
    yield text(EDGE, top + 22, row.side, "ink")
    yield f'<g class="side{min(number, 1)}">'
    yield from _box(values, scale, top + 18)
    yield from _strip(values, scale, top + 36)
    yield "</g>"
    yield text(WIDTH - EDGE, top + 22, f"{figure(row.median)} {row.metric.unit}", "ink", "end")
    if row.ratio is not None:
        yield text(WIDTH - EDGE, top + 40, f"{row.ratio:.2f} times", "quiet", "end")


def _box(values: Sequence[float], scale: _Scale, middle: int) -> Iterator[str]:
    low, first, mid, third, high = (scale.x(spread.percentile(values, each)) for each in (5, 25, 50, 75, 95))
    top = middle - BOX // 2
    yield f'<line class="reach" x1="{low}" x2="{high}" y1="{middle}" y2="{middle}"/>'
    yield f'<rect class="box" x="{first}" y="{top}" width="{round(third - first, 1)}" height="{BOX}"/>'
    yield f'<line class="mid" x1="{mid}" x2="{mid}" y1="{top}" y2="{top + BOX}"/>'


def _strip(values: Sequence[float], scale: _Scale, top: int) -> Iterator[str]:
    for number, value in enumerate(values):
        if value <= scale.end:
            y = round(top + number % ROWS_OF_DOTS * DOT, 1)
            yield f'<circle class="dot" cx="{scale.x(value)}" cy="{y}" r="{DOT}"/>'
    beyond = sum(value > scale.end for value in values)
    if beyond:
        yield text(scale.x(scale.end), top + 10, f"{beyond} more, to {figure(max(values))} ▸", "quiet", "end")


def text(x: float, y: float, words: str, style: str = "quiet", anchor: str = "start") -> str:
    """Return words at a place."""
    return f'<text class="{style}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
