"""The report that is kept: every benchmark's last measurement, `docs/figures/benchmarks.json`.

A run of some benchmarks takes the place of theirs and leaves the others', so that each has its own time,
commit and machine. What of it is shown where is `docs`' business.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PLACE = ROOT / "docs/figures/benchmarks.json"


class Unreadable(Exception):
    """A file that is no report; the message says which, and why."""


def read(path: Path) -> dict[str, Any]:
    """Return a report's benchmarks by name. Raises Unreadable."""
    try:
        benchmarks: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["benchmarks"]
    except OSError as error:
        raise Unreadable(
            f"{path}: {error.strerror}: make bench BENCH_OPTIONS=--update-docs writes one"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{path} is no report of `make bench`: {error!r}") from error
    return benchmarks


def merge(path: Path, stated: dict[str, Any]) -> dict[str, Any]:
    """Put a report's benchmarks into a file that may have others; return all of them, in the file's order."""
    merged: dict[str, Any] = (read(path) if path.exists() else {}) | stated["benchmarks"]
    path.write_text(json.dumps({"benchmarks": merged}, indent=1) + "\n", encoding="utf-8")
    return merged
