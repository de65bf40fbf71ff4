"""The machine that was measured on, named in every report: figures mean nothing without it."""

from __future__ import annotations

import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class Machine:
    """What a reader needs to judge the figures. `load` is the load average of the last minute."""

    cores: int
    cpu: str
    kernel: str
    python: str
    filesystem: str
    load: float

    def __str__(self) -> str:
        """Return it as half a sentence."""
        return (
            f"{self.cores} cores, {self.cpu}, Linux {self.kernel}, Python {self.python}, "
            f"{self.filesystem}, load {self.load:.1f}"
        )


def here() -> Machine:
    """Return this machine, as it is now."""
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        cpu=processor(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        kernel=platform.release(),
        python=platform.python_version(),
        filesystem=filesystem(tempfile.gettempdir(), Path("/proc/self/mounts").read_text(encoding="utf-8")),
        load=os.getloadavg()[0],
    )


def processor(cpuinfo: str) -> str:
    """Return the processor's name from /proc/cpuinfo, or else its kind."""
    named = (line.partition(":")[2] for line in cpuinfo.splitlines() if line.startswith("model name"))
    return " ".join(next(named, platform.machine()).split())


def filesystem(path: str, mounts: str) -> str:
    """Return the type of the filesystem under a path, by /proc/self/mounts; of two on a point the later."""
    real = PurePosixPath(os.path.realpath(path))
    under: list[tuple[int, str]] = []
    for line in mounts.splitlines():
        _, point, fstype, *_ = line.split(" ")
        if real.is_relative_to(point):
            under.append((len(point), fstype))
    deepest = max(length for length, _ in under)
    return next(fstype for length, fstype in reversed(under) if length == deepest)
