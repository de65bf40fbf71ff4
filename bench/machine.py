"""The machine that was measured on, named in every report: figures mean nothing without it."""

from __future__ import annotations

import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path


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
        cpu=_cpu(Path("/proc/cpuinfo").read_text(encoding="utf-8")),
        kernel=platform.release(),
        python=platform.python_version(),
        filesystem=_filesystem(tempfile.gettempdir(), Path("/proc/self/mounts").read_text(encoding="utf-8")),
        load=os.getloadavg()[0],
    )


def _cpu(cpuinfo: str) -> str:
    named = (line.partition(":")[2] for line in cpuinfo.splitlines() if line.startswith("model name"))
    return " ".join(next(named, platform.machine()).split())


def _filesystem(path: str, mounts: str) -> str:
    """Return the type of the filesystem under a path; of two on one point the later hides."""
    real = os.path.realpath(path)
    under = ""
    kind = "unknown filesystem"
    for line in mounts.splitlines():
        _, point, fstype, *_ = line.split(" ")
        if real.startswith(point) and len(point) >= len(under):
            under, kind = point, fstype
    return kind
