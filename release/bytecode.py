"""Compiled modules that nobody checks again, made by the Python that the platform runs.

A .pyc file that holds its source's time is void after unzipping, and the platform lets nothing be
written: every cold start would compile everything.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from release.failure import BuildError
from release.wheels import PYTHON


def interpreter(root: Path) -> Path:
    """Return the platform's Python, where this machine has one; BuildError says how to come by it."""
    found = subprocess.run([root / ".ci/python", PYTHON], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    if not found.stdout.strip():
        raise BuildError(
            f"there is no Python {PYTHON} here, and the functions run on no other: put python{PYTHON} on the "
            f"path (Ubuntu 22.04 has it; elsewhere: pyenv install {PYTHON})"
        )
    return Path(found.stdout.strip())


def compile_all(folder: Path, mounted: str, python: Path) -> None:
    """Compile a tree; tracebacks will name files as the platform has them, below `mounted`."""
    command = [
        str(python),
        "-s",
        "-S",
        "-m",
        "compileall",
        "-q",
        "-f",
        "--invalidation-mode",
        "unchecked-hash",
    ]
    done = subprocess.run(  # noqa: S603 - the standard library, on what was built
        [*command, "-s", str(folder), "-p", mounted, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PYTHONHASHSEED": "0"},  # the order of constant sets is part of the bytes
    )
    if done.returncode:
        raise BuildError(f"not all of it compiles: {(done.stdout + done.stderr).strip()}")
