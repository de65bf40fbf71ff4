"""The command: `python -m bench [NAME …]`."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import docs, kept, machine, origin, report, screen, trials
from bench.catalogue import BENCHMARKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.machine import Machine
    from bench.trials import Benchmark, Result


def main(arguments: Sequence[str] | None = None, known: Mapping[str, Benchmark] = BENCHMARKS) -> int:
    """Run the benchmarks that were named; return the exit code."""
    chosen = _parser(known).parse_args(arguments)
    codes = [_run(known[name], chosen) for name in chosen.names or known]
    return max(codes)


def _run(benchmark: Benchmark, chosen: argparse.Namespace) -> int:
    """Run one benchmark and keep it, whatever becomes of the others; return the exit code."""
    try:
        measured = measure(benchmark, chosen.trials)
    except Exception as error:  # noqa: BLE001 - a run of all takes long: one that fails does not end it
        screen.failed(benchmark, error)
        return 1
    if measured:
        _keep(*measured, chosen)
    return 0


def measure(benchmark: Benchmark, given: int | None) -> tuple[Result, Machine, dict[str, Any]] | None:
    """Run one benchmark and print it; return it with the machine at its start, and all of it as JSON."""
    here, measured_at = machine.here(), datetime.now(timezone.utc).isoformat(timespec="seconds")
    screen.machine(here)
    result = shown(benchmark, given)
    if result is None:
        return None
    return result, here, report.as_json([result], here, measured_at, origin.commit())


def _keep(result: Result, here: Machine, stated: dict[str, Any], chosen: argparse.Namespace) -> None:
    if chosen.json:
        kept.merge(chosen.json, stated)
    if chosen.update_docs:
        measured_at = stated["benchmarks"][result.benchmark.name]["measured_at"]
        docs.update(docs.FOLDER, [result], here, measured_at)
        docs.summarise(kept.merge(kept.PLACE, stated))


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


def _parser(known: Mapping[str, Benchmark]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measure ours against a baseline, in turn.")
    parser.add_argument(
        "names", nargs="*", type=_one_of(known), metavar="NAME", help=f"{', '.join(known)}; all by default"
    )
    parser.add_argument(
        "--trials", type=_positive, metavar="N", help="of each side, instead of its own number"
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write everything, samples too; what the file has of others stays",
    )
    parser.add_argument(
        "--update-docs", action="store_true", help="replace the tables and figures in docs/ and the README"
    )
    return parser


def _one_of(known: Mapping[str, Benchmark]) -> Callable[[str], str]:
    def checked(name: str) -> str:
        if name not in known:
            raise argparse.ArgumentTypeError(f"no benchmark {name}; there are: {', '.join(known)}")
        return name

    return checked


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} should be a number of trials, 1 at least")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
