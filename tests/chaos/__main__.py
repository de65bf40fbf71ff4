"""The command: `python -m tests.chaos [--cases N] [--seed S] [--lanes L] [--only NUMBER]`.

Runs cases side by side on several stages and prints its counts; exit code 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import sys

from tests.chaos.campaign import campaign
from tests.chaos.tally import Tally


def main(arguments: list[str] | None = None) -> int:
    """Run the cases that were asked for; return the exit code."""
    chosen = _parser().parse_args(arguments)
    numbers = [chosen.only] if chosen.only is not None else range(chosen.start, chosen.start + chosen.cases)
    tally = Tally()
    for verdict in campaign(chosen.seed, numbers, min(chosen.lanes, len(numbers))):
        tally.add(verdict)
        if verdict.broken:
            sys.stdout.write(f"BROKEN {verdict}\n")
        elif chosen.verbose:
            sys.stdout.write(f"{verdict.case} -> {', '.join(verdict.endings)} ({verdict.seconds:.1f} s)\n")
        sys.stdout.flush()
    sys.stdout.write(f"{tally}\n")
    return 1 if tally.broken else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=60, help="how many cases (60)")
    parser.add_argument("--seed", type=int, default=0, help="of the cases (0)")
    parser.add_argument("--start", type=int, default=0, metavar="NUMBER", help="the first case's number (0)")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="run this one case")
    parser.add_argument("--lanes", type=int, default=4, help="stages side by side (4)")
    parser.add_argument("--verbose", action="store_true", help="a line for every case")
    return parser


if __name__ == "__main__":
    sys.exit(main())
