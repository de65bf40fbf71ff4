"""Processes that a benchmark needs: started, waited for, and ended with it."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
READY_S = 120.0
END_S = 5.0
_LOOK_AGAIN_S = 0.01


def peak_mib() -> float:
    """Return the most memory that this process has occupied, since it was started (VmHWM)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


@contextmanager
def running(
    command: list[str], path: Path, log: Path, ready: Callable[[], bool], **variables: str
) -> Iterator[None]:
    """Run a process for as long as the body runs, once it is ready; its output goes to a file.

    `path` is the folder that it finds its modules in. RuntimeError tells what it had printed if it
    did not get ready.
    """
    environment = {**os.environ, "PYTHONPATH": str(path), **variables}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)  # noqa: S603 - ours
        try:
            _wait_until(ready, process, log)
            yield
        finally:
            _end(process)


def _wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_S
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{log.stem} did not get ready: {log.read_text(errors='replace')}")
        time.sleep(_LOOK_AGAIN_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
