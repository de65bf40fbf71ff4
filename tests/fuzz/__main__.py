"""The command: `python -m tests.fuzz [TARGET …] [--minutes M] [--seed N]`, what `make fuzz` starts.

Rounds over all targets, each with a seed of its own, until the time is over or something fails. What
failed is kept in `.hypothesis/fuzz` and tried first the next time.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
TARGETS = sorted(path.stem.removeprefix("test_") for path in HERE.glob("test_*.py"))
TIMES = 20  # the examples of a test run, in each round


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz until the time is over; return the exit code, 1 when something was found."""
    chosen = _parser().parse_args(arguments)
    targets, seed = chosen.targets or TARGETS, chosen.seed
    end_s, share_s = time.monotonic() + 60 * chosen.minutes, 60 * chosen.minutes / len(targets)
    while True:
        for target in targets:
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                return 0
            print(f"{target}, seed {seed}, {left_s / 60:.1f} minutes left", flush=True)  # noqa: T201
            if _found(target, seed, min(left_s, share_s)):
                return 1
        seed += 1


def _found(target: str, seed: int, limit_s: float) -> bool:
    """Tell whether a round over one target has found something; one that the time cuts short has not.

    It is interrupted, not killed, so that it ends the servers that it has started.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", f"--hypothesis-seed={seed}"]
    command.append(str(HERE / f"test_{target}.py"))
    environment = {**os.environ, "FUZZ_TIMES": str(TIMES)}
    with subprocess.Popen(command, env=environment) as running:
        try:
            return running.wait(limit_s) != 0
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)
            return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fuzz", description="Look for input that breaks what reads it.")
    parser.add_argument(
        "targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET", help=", ".join(TARGETS)
    )
    parser.add_argument("--minutes", type=float, default=10, metavar="M", help="how long in all (10)")
    parser.add_argument(
        "--seed",
        type=int,
        default=random.randrange(2**32),  # noqa: S311 - no secret
        metavar="N",
        help="of the first round; another one each time by default",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
