"""The bytes of disks and snapshots.

It decides where images and copies lie and how they are made: by sharing blocks where the filesystem can (an
instant, atomic cut of an image file), by copying otherwise (not atomic: a torn copy is possible). Each cut
says which of the two it was.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from localcloud.extents import held_bytes

FICLONE = 0x40049409  # linux/fs.h
GIB = 1024**3


@dataclass(frozen=True)
class Cut:
    """A copy: where it lies, how it was made (`reflink` or `copy`), what it holds beyond an earlier one."""

    path: str
    how: str
    held_bytes: int


@dataclass(frozen=True)
class Contents:
    """Keeps images and copies under `root`; with `images`, disks without content get an image."""

    root: Path
    images: bool = False

    def image(self, disk_id: str, size_gib: int) -> str:
        """Return a disk's image, which is made where there is none: sparse, and as large as the disk."""
        path = self.root / f"{disk_id}.img"
        if not path.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as image:
                image.truncate(size_gib * GIB)
        return str(path)

    async def cut(self, content: str, name: str, earlier: str = "") -> Cut:
        """Do what `cut_now` does while other calls go on."""
        return await asyncio.to_thread(self.cut_now, content, name, earlier)

    def cut_now(self, content: str, name: str, earlier: str = "") -> Cut:
        """Copy a file or directory as `name`, and count what it holds beyond an `earlier` copy.

        Raises OSError where the content cannot be read.
        """
        target = self.root / name
        self.root.mkdir(parents=True, exist_ok=True)
        how = _copy(Path(content), target)
        return Cut(str(target), how, self.held(str(target), how, earlier))

    def held(self, copy: str, how: str, earlier: str) -> int:
        """Count the bytes that a copy holds beyond an `earlier` one; a plain copy shares nothing."""
        before = Path(earlier) if how == "reflink" and earlier and Path(earlier).is_file() else None
        return held_bytes(Path(copy), before)

    async def restore(self, copy: str, content: str) -> None:
        """Put a copy's bytes back into the content that it was made of; raises OSError."""
        await asyncio.to_thread(_put_back, Path(copy), Path(content))

    def drop(self, path: str) -> None:
        """Remove a copy or an image, if there is one."""
        found = Path(path)
        if path and found.is_dir():
            shutil.rmtree(found)
        elif path:
            found.unlink(missing_ok=True)

    def grow(self, path: str, from_gib: int, to_gib: int) -> None:
        """Let an image that was made here, as large as `from_gib` says, be as large as `to_gib` says.

        Content that came with the fleet, and copies of it, are as large as they are.
        """
        image = Path(path)
        if path and image.parent == self.root and image.is_file() and image.stat().st_size == from_gib * GIB:
            os.truncate(image, to_gib * GIB)

    def drop_own(self, path: str) -> None:
        """Remove an image that was made here; content that came with the fleet stays."""
        if path and Path(path).parent == self.root:
            self.drop(path)

    def shares_blocks(self) -> bool:
        """Say whether the filesystem under `root` can share blocks, by trying."""
        self.root.mkdir(parents=True, exist_ok=True)
        probe, clone = self.root / ".probe", self.root / ".probe-clone"
        try:
            probe.write_bytes(b"probe")
            return _clone(probe, clone)
        finally:
            probe.unlink(missing_ok=True)
            clone.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> str:
    if source.is_file() and _clone(source, target):
        return "reflink"
    _run("cp", "--archive", "--sparse=always", "--", str(source), str(target))
    return "copy"


def _put_back(copy: Path, content: Path) -> None:
    if not content.is_dir():
        if not _clone(copy, content):
            _run("cp", "--sparse=always", "--", str(copy), str(content))
        return
    for child in content.iterdir():
        shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
    _run("cp", "--archive", "--", f"{copy}/.", str(content))


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # our own command
    if done.returncode:
        raise OSError(done.stderr.strip())


def _clone(source: Path, target: Path) -> bool:
    """Let `target` share all blocks of `source`; False where the filesystem cannot."""
    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new.fileno(), FICLONE, old.fileno())
        except OSError:
            return False
    return True
