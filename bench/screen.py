"""What a person sees of a benchmark."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.traceback import Traceback

from bench.report import HEADINGS, headline, rows, tried

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.machine import Machine
    from bench.trials import Benchmark, Result

CONSOLE = Console(highlight=False)
if not CONSOLE.is_terminal:
    CONSOLE = Console(highlight=False, width=130)  # a log has no edge


def machine(here: Machine) -> None:
    """Name the machine."""
    CONSOLE.print(f"[bold]Measured on[/] {here}")


@contextmanager
def progress(benchmark: Benchmark, trials: int) -> Iterator[Callable[[int], None]]:
    """Show how far the trials are."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=CONSOLE, transient=True) as bar:
        task = bar.add_task(benchmark.name, total=trials)
        yield lambda done: bar.update(task, completed=done)


def skipped(benchmark: Benchmark, why: str) -> None:
    """Say which benchmark could not run here, and why."""
    CONSOLE.print(f"\n[bold]{benchmark.name}[/]: skipped: {why}")


def failed(benchmark: Benchmark, error: Exception) -> None:
    """Say which benchmark came to no end, and where."""
    CONSOLE.print(f"\n[bold]{benchmark.name}[/]: failed")
    CONSOLE.print(Traceback.from_exception(type(error), error, error.__traceback__))


def table(result: Result) -> None:
    """Print a result: one line for each side's figure, a gap between figures."""
    CONSOLE.print(f"\n[bold]{result.benchmark.name}[/]: {result.benchmark.claim}")
    CONSOLE.print(f"{tried(result)}; {headline(result)}")
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in HEADINGS:
        drawn.add_column(heading, justify="left" if heading in HEADINGS[:2] else "right")
    before = None
    for row in rows(result):
        if before not in (None, row.metric):
            drawn.add_section()
        meaning, *figures = row.cells()
        drawn.add_row("" if row.metric == before else meaning, *figures)
        before = row.metric
    CONSOLE.print(drawn)
