"""What a person sees of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CONSOLE = Console(highlight=False)
if not CONSOLE.is_terminal:
    CONSOLE = Console(highlight=False, width=130)  # a log has no edge

COLOURS = {
    "taken": "green",
    "adopted": "green",
    "already done": "cyan",
    "deferred": "yellow",
    "refused": "red",
    "failed": "bold red",
    "unknown": "bold red",
    "clean": "bold green",
    "application": "bold green",
    "filesystem": "cyan",
    "crash": "yellow",
}


def say(text: str) -> None:
    """Print a line of the story."""
    CONSOLE.print(text)


def run_table(rows: Iterable[dict[str, Any]]) -> None:
    """Print one line a disk."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("disk", "decision", "snapshot", "label"):
        table.add_column(heading, no_wrap=True)
    table.add_column("locked\nms", justify="right")
    table.add_column("quota\nleft", justify="right")
    table.add_column("reason")
    for row in rows:
        table.add_row(
            row["disk_id"],
            _coloured(row["decision"]),
            row.get("snapshot_id", ""),
            _coloured(row.get("label", "")),
            str(row.get("locked_ms", "")),
            str(row.get("quota_left", "")),
            row.get("reason", ""),
        )
    CONSOLE.print(table)


def failed(invocation: dict[str, Any]) -> None:
    """Print what became of an invocation that did not succeed."""
    error = invocation["error"] or {}
    CONSOLE.print(f"[bold red]{invocation['function']} is {invocation['state']}[/]", markup=True)
    CONSOLE.print(str(error.get("stackTrace") or error.get("errorMessage")), markup=False)


def progress(following: Iterator[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Show a snapshot on its way to NORMAL; return it as it was seen last."""
    last = None
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), console=CONSOLE) as bar:
        task = bar.add_task("asked for", total=100)
        for found in following:
            if found:
                last = found
                bar.update(task, description=f"{found['id']} {found['state']}", completed=found["percent"])
    return last


def verdicts(checks: dict[str, bool]) -> None:
    """Print what was to hold, and whether it did."""
    for claim, held in checks.items():
        CONSOLE.print(f"  [green]✔[/] {claim}" if held else f"  [bold red]✘ {claim}[/]")


def _coloured(word: str) -> str:
    return f"[{COLOURS[word]}]{word}[/]" if word in COLOURS else word
