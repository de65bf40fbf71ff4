"""Something under way, looked at until it is over, and drawn meanwhile.

On a terminal there is a bar for each part, on standard error; elsewhere a line for each change of words.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.progress import TaskID

    from cbsnap.ports.clock import Clock

LOOK_AGAIN_S = 2.0
MOST_BARS = 30  # more than a screen holds are one bar together
T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """One bar: `percent` is None while it is not known, `words` say how it stands."""

    name: str
    percent: int | None
    words: str


def follow(look: Callable[[], T], parts: Callable[[T], Sequence[Part]], clock: Clock, until_s: float) -> T:
    """Look and draw until all parts are at 100 percent, or that monotonic second; return the last look."""
    board = _Board()
    with board.shown():
        while True:
            seen = look()
            drawn = parts(seen)
            board.draw(drawn)
            if all(one.percent == 100 for one in drawn) or clock.monotonic() + LOOK_AGAIN_S > until_s:  # noqa: PLR2004 - percent
                return seen
            clock.sleep(LOOK_AGAIN_S)


def together(parts: Sequence[Part]) -> Sequence[Part]:
    """Return the same parts, or one for all of them where there are too many."""
    if len(parts) <= MOST_BARS:
        return parts
    ended = sum(one.percent == 100 for one in parts)  # noqa: PLR2004 - percent
    mean = sum(one.percent or 0 for one in parts) // len(parts)
    return [Part(f"all {len(parts)}", mean if ended < len(parts) else 100, f"{ended} ended")]


class _Board:
    """Where parts are drawn."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[words]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, str] = {}

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep bars on the screen for as long as the body lasts."""
        if not self._console.is_terminal:
            yield
            return
        with self._bars:
            yield

    def draw(self, parts: Sequence[Part]) -> None:
        for one in together(parts):
            if self._console.is_terminal:
                self._bar(one)
            elif self._said.get(one.name) != one.words:
                self._console.print(f"{one.name}: {one.words}", markup=False)
                self._said[one.name] = one.words

    def _bar(self, one: Part) -> None:
        if one.name not in self._tasks:
            self._tasks[one.name] = self._bars.add_task(one.name, total=100, words=one.words)
        self._bars.update(self._tasks[one.name], completed=one.percent or 0, words=one.words)
