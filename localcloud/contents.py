"""The bytes of disks: a snapshot's copy is made here, before CreateSnapshot answers.

It decides where copies lie and how they are made: by sharing blocks where the filesystem can (an instant,
atomic cut of a file), by copying otherwise (not atomic: a torn copy is possible, as its `cut` says).
"""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

FICLONE = 0x40049409  # linux/fs.h


@dataclass(frozen=True)
class Contents:
    """Keeps copies under `root`."""

    root: Path

    async def cut(self, content: str, name: str) -> tuple[str, str]:
        """Copy a file or directory as `name`; return where it lies and how it was cut: `reflink` or `copy`.

        Raises OSError where the content cannot be read.
        """
        target = self.root / name
        self.root.mkdir(parents=True, exist_ok=True)
        return str(target), await asyncio.to_thread(_copy, Path(content), target)

    def drop(self, copy: str) -> None:
        """Remove a copy, if there is one."""
        path = Path(copy)
        if copy and path.is_dir():
            shutil.rmtree(path)
        elif copy:
            path.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> str:
    if source.is_file() and _clone(source, target):
        return "reflink"
    if not source.exists():
        raise FileNotFoundError(source)
    command = ["cp", "--archive", "--sparse=always", "--", str(source), str(target)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # our own command
    if done.returncode:
        raise OSError(done.stderr.strip())
    return "copy"


def _clone(source: Path, target: Path) -> bool:
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new.fileno(), FICLONE, old.fileno())
        except OSError:
            return False
    return True
