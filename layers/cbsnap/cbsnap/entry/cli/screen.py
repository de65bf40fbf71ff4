"""What a person sees, and what a program reads instead: tables, sentences, one JSON value."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")
A_LOGS_WIDTH = 240  # a file or a pipe has no edge at which lines should break
_SENTENCES = {"reason", "why", "title", "value", "name", "run"}
_COLOURS = {
    "goes": "red",
    "stale": "yellow",
    "no good snapshot": "red",
    "covered": "green",
    "ok": "green",
    "warn": "yellow",
    "bad": "red",
    "unknown": "magenta",
    "passed": "green",
    "failed": "red",
}


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, nothing without rows; cells that are a warning are coloured.

    Where room is scarce, sentences break and ids do not.
    """
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        drawn.add_column(heading, no_wrap=heading not in _SENTENCES, overflow="fold")
    for row in rows:
        drawn.add_row(*(_coloured(cell) for cell in row))
    if drawn.row_count:
        _console().print(drawn)


def reading(targets: Sequence[T]) -> Iterator[T]:
    """Yield places to be read; on a terminal a bar says how far it is, when there are several."""
    console = Console(stderr=True)
    if len(targets) == 1 or not console.is_terminal:
        yield from targets
        return
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task("", total=len(targets))
        for number, one in enumerate(targets):
            bar.update(task, description=f"reading {one}", completed=number)
            yield one


def ask(question: str) -> str:
    """Return what a person types; on standard error, so that what is printed stays what was asked for."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def counted(number: int, noun: str) -> str:
    """Return `1 disk`, `2 disks`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def say(line: str) -> None:
    """Print a sentence."""
    _console().print(line, markup=False)


def warn(line: str) -> None:
    """Print a sentence that a person should not miss."""
    _console().print(f"  ! {line}", markup=False, style="yellow")


def value(stated: Any) -> None:  # noqa: ANN401 - whatever JSON can be
    """Print one JSON value."""
    sys.stdout.write(json.dumps(stated, indent=2, ensure_ascii=False) + "\n")


def finished(code: int) -> int:
    """Write out what is still to be printed, and return the code; who has stopped reading is no failure."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to flush at the end
    return code


def complain(line: str) -> None:
    """Print an error, where errors belong."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"cbsnap: {line}", markup=False)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=A_LOGS_WIDTH)


def _coloured(cell: str) -> str:
    escaped = cell.replace("[", r"\[")
    colour = _COLOURS.get(cell)
    return f"[{colour}]{escaped}[/]" if colour else escaped
