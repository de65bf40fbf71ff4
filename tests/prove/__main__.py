"""The command: `python -m tests.prove [--trials N] [--modes mariadb,files:unmount] [--update-docs]`, as root.

Each trial: a busy application, a snapshot asked for over HTTP and taken by our functions, restored by
our own restore, examined on an isolated server. Exit code 1 when a label broke its promise, or when
the weak modes broke nothing, so that nothing was shown; 2 when it cannot run here.
"""

from __future__ import annotations

import argparse
import os
import sys

from tests.prove import page
from tests.prove.bed import built
from tests.prove.modes import chosen
from tests.prove.tally import Tally
from tests.prove.trials import trial
from tests.system.loops import missing

TOOLS = ("mkfs.xfs", "mkfs.ext4", "losetup", "dumpe2fs", "mariadbd", "psql", "runuser")


def main(arguments: list[str] | None = None) -> int:
    """Run the trials that were asked for; return the exit code."""
    wanted = _parser().parse_args(arguments)
    lacking = [f"{tool}: not installed" for tool in missing(*TOOLS)]
    lacking += ["root: loop devices, mounts and freezes want it"] if os.geteuid() else []
    if lacking:
        sys.stderr.write("the proof cannot run here:\n  " + "\n  ".join(lacking) + "\n")
        return 2
    tally = Tally()
    with built({mode.workload for mode in wanted.modes}) as bed:
        for mode in [mode for _ in range(wanted.trials) for mode in wanted.modes]:
            one = trial(bed, mode)
            tally.trials.append(one)
            sys.stdout.write(f"{one.mode!s:24} {one.label:12} {', '.join(one.broken) or 'whole'}\n")
            sys.stdout.flush()
    failures = list(tally.failures())
    sys.stdout.write(
        "\n" + "\n".join([*page.table(tally), "", *(f"FAILED {one}" for one in failures)]) + "\n"
    )
    if wanted.update_docs:
        page.update(tally)
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__.partition("\n")[0])
    parser.add_argument("--trials", type=int, default=10, help="trials a mode (10)")
    parser.add_argument("--modes", type=chosen, default=chosen(""), help="workloads or workload:mode (all)")
    parser.add_argument("--update-docs", action="store_true", help="write table and figure into docs/")
    return parser


if __name__ == "__main__":
    sys.exit(main())
