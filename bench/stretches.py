"""A run drawn: how many snapshots a second were begun in each stretch of it, against what it may send.

The samples of the side carry the stretches as `at <second>`, counted from the due time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from bench.plot import EDGE, STYLE, WIDTH, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.trials import Result

STRETCH_S = 10
HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 300, 40, 20, 64, 40
TICK_EVERY_S = 100
BARS = ".bar{fill:#0969da;fill-opacity:.55}.limit{stroke:#cf222e;stroke-dasharray:5 4}"
PREFIX = "at "


def svg(result: Result, side: str, share: int, documented: int) -> str:
    """Return the picture of a side's first trial. `share` and `documented`: calls a second."""
    sample = result.samples[side][0]
    made = {int(name[len(PREFIX) :]): value for name, value in sample.items() if name.startswith(PREFIX)}
    frame = _Frame(max(made) + STRETCH_S, documented)
    parts = [
        f'<rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6"/>',
        text(EDGE, 26, "fleet: CreateSnapshot a second, over the run", "ink title"),
        text(EDGE, 46, f"{result.benchmark.claim}; a bar is {STRETCH_S} s"),
        *(frame.bar(start, count / STRETCH_S) for start, count in made.items()),
        *frame.limit(share, f"the share: {share} a second"),
        *frame.limit(documented, f"the documented rate: {documented} a second"),
        *frame.axis(),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>{escape(result.benchmark.claim)}</title>\n<style>{STYLE}{BARS}</style>\n"
        + "\n".join(parts)
        + "\n</svg>\n"
    )


class _Frame:
    """From seconds and calls a second to places."""

    def __init__(self, end_s: int, most: float) -> None:
        self._end_s, self._most = end_s, most * 1.1
        self._foot = HEIGHT - BOTTOM

    def bar(self, start_s: int, per_s: float) -> str:
        left, top = self._x(start_s), self._y(per_s)
        width, height = self._x(start_s + STRETCH_S) - left, self._foot - top
        return f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"/>'

    def limit(self, per_s: float, said: str) -> Iterator[str]:
        y = round(self._y(per_s), 1)
        yield f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield text(WIDTH - RIGHT, y - 5, said, "quiet", "end")

    def axis(self) -> Iterator[str]:
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self._foot}" y2="{self._foot}"/>'
        for second in range(0, self._end_s, TICK_EVERY_S):
            yield text(round(self._x(second), 1), self._foot + 18, f"{second}", "quiet", "middle")
        yield text(
            WIDTH - RIGHT,
            self._foot + 34,
            "seconds after the due time, at the documented rate",
            "quiet",
            "end",
        )

    def _x(self, second: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * second / self._end_s

    def _y(self, per_s: float) -> float:
        return self._foot - (self._foot - TOP) * per_s / self._most
