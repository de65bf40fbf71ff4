"""What a person sees, and what a program reads instead: tables, sentences, one JSON value."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

A_LOGS_WIDTH = 240  # a file or a pipe has no edge at which lines should break
_COLOURS = {
    "goes": "red",
    "stale": "yellow",
    "no good snapshot": "red",
    "covered": "green",
    "ok": "green",
    "warn": "yellow",
    "bad": "red",
    "unknown": "magenta",
}


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; cells that are a warning are coloured."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        drawn.add_column(heading)
    for row in rows:
        drawn.add_row(*(_coloured(cell) for cell in row))
    _console().print(drawn)


def say(line: str) -> None:
    """Print a sentence."""
    _console().print(line, markup=False)


def value(stated: Any) -> None:  # noqa: ANN401 - whatever JSON can be
    """Print one JSON value."""
    sys.stdout.write(json.dumps(stated, indent=2, ensure_ascii=False) + "\n")


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
