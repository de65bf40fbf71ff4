"""Filesystems on loop devices: made, frozen by somebody else, tried with a write, removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FIFREEZE, FITHAW = 0xC0045877, 0xC0045878
_OPTIONS = {"ext4": ["-q", "-F"], "xfs": ["-q", "-f"], "btrfs": ["-q", "-f"]}


def missing(*tools: str) -> list[str]:
    """Return the tools that are not installed."""
    return [tool for tool in tools if not shutil.which(tool)]


def run(*command: str) -> str:
    """Run a command and return what it said."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@dataclass
class Loop:
    """An image file, its loop device and its mount."""

    image: Path
    mount: Path
    fstype: str
    size_mib: int
    device: str = ""
    writers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def make(self) -> Loop:
        """Make the filesystem and mount it."""
        with self.image.open("wb") as image:
            image.truncate(self.size_mib << 20)
        self.device = run("losetup", "--find", "--show", str(self.image)).strip()
        run(f"mkfs.{self.fstype}", *_OPTIONS[self.fstype], self.device)
        self.mount.mkdir(exist_ok=True)
        run("mount", self.device, str(self.mount))
        return self

    def is_writable(self, within_s: float = 0.3) -> bool:
        """Tell whether a writer gets through; one that does not goes on waiting for the thaw."""
        self.writers.append(subprocess.Popen(["touch", str(self.mount / "written")]))
        try:
            return self.writers[-1].wait(within_s) == 0
        except subprocess.TimeoutExpired:
            return False

    def freeze(self) -> None:
        """Freeze, as somebody else would."""
        self._ioctl(FIFREEZE)

    def thaw(self) -> bool:
        """Thaw, as somebody else would; tell whether it was frozen."""
        try:
            self._ioctl(FITHAW)
        except OSError:
            return False
        return True

    def remove(self) -> None:
        """Unmount and give the device back."""
        for writer in self.writers:
            writer.wait(10)
        subprocess.run(["umount", "--lazy", str(self.mount)], check=False, capture_output=True)
        run("losetup", "--detach", self.device)

    def _ioctl(self, number: int) -> None:
        fd = os.open(self.mount, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, number, 0)
        finally:
            os.close(fd)
