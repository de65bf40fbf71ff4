"""The command: `python -m bench [NAME …]`."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from bench import docs, machine, report, screen, trials
from bench.catalogue import BENCHMARKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.trials import Benchmark, Result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that were named; return the exit code."""
    chosen = _parser().parse_args(arguments)
    here, measured_at = machine.here(), datetime.now(timezone.utc).isoformat(timespec="seconds")
    screen.machine(here)
    tried = [shown(BENCHMARKS[name], chosen.trials) for name in chosen.names or BENCHMARKS]
    results = [result for result in tried if result]
    if chosen.json:
        stated = report.as_json(results, here, measured_at)
        chosen.json.write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
    if chosen.update_docs:
        docs.update(docs.FOLDER, results, here, measured_at)
    return 0


def shown(benchmark: Benchmark, given: int | None) -> Result | None:
    """Run one benchmark and print what it came to; None when it cannot run here. `given`: how many trials."""
    count = given or benchmark.trials
    try:
        with screen.progress(benchmark, count) as tell:
            result = trials.run(benchmark, count, tell)
    except trials.Unavailable as why:
        screen.skipped(benchmark, str(why))
        return None
    screen.table(result)
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measure ours against a baseline, in turn.")
    parser.add_argument(
        "names", nargs="*", type=_known, metavar="NAME", help=f"{', '.join(BENCHMARKS)}; all by default"
    )
    parser.add_argument(
        "--trials", type=_positive, metavar="N", help="of each side, instead of its own number"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything, samples too")
    parser.add_argument(
        "--update-docs", action="store_true", help="replace the tables and figures of docs/benchmarks.md"
    )
    return parser


def _known(name: str) -> str:
    if name not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"no benchmark {name}; there are: {', '.join(BENCHMARKS)}")
    return name


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} should be a number of trials, 1 at least")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
