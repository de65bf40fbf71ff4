"""Build all that is deployed, and say how large it has become: `python -m release [--out DIR]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from release import bytecode
from release.archive import MIB, UNZIPPED_BYTES, ZIPPED_BYTES
from release.building import Build
from release.failure import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from release.archive import Archive

ROOT = Path(__file__).parent.parent


def main(arguments: list[str]) -> int:
    """Build, print a table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where to: dist by default")
    parser.add_argument("--cache", type=Path, default=ROOT / "build/wheels", help="where wheels are kept")
    chosen = parser.parse_args(arguments)
    try:
        archives = Build(ROOT, bytecode.interpreter(ROOT), chosen.cache).into(chosen.out)
    except BuildError as failed:
        sys.stderr.write(f"Nothing was packaged: {failed}\n")
        return 1
    sys.stdout.write("\n".join(_table(archives)) + "\n")
    return 0


def _table(archives: Iterable[Archive]) -> list[str]:
    rows = [
        f"{one.name:<18} {one.zipped_bytes / MIB:>8.2f} {one.unzipped_bytes / MIB:>10.2f}  {one.sha256[:16]}"
        for one in archives
    ]
    limits = f"{'at most':<18} {ZIPPED_BYTES / MIB:>8.2f} {UNZIPPED_BYTES / MIB:>10.0f}"
    return [f"{'':<18} {'zip, MiB':>8} {'unpacked':>10}  sha256", *rows, limits]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
