"""Images as block devices of this machine, so that a real filesystem and a real database can live on one.

A disk's image becomes a loop device, and `/dev/disk/by-id/virtio-<disk id>` leads to it as it would on an
instance of the cloud. This needs root; nothing here mounts or formats.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

BY_ID = Path("/dev/disk/by-id")


class DeviceError(Exception):
    """The device cannot be made or removed; the message says why."""


@dataclass
class Devices:
    """The loop devices that were made here, by disk id."""

    attached: dict[str, str] = field(default_factory=dict)
    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def attach(self, disk_id: str, image: str) -> str:
        """Make a device of an image and return its path; the same one again where there is one."""
        async with self._turns[disk_id]:
            if disk_id not in self.attached:
                self.attached[disk_id] = await asyncio.to_thread(_attach, disk_id, image)
            return self.attached[disk_id]

    async def detach(self, disk_id: str) -> None:
        """Remove a disk's device, if there is one; a mounted one goes when it is unmounted."""
        async with self._turns[disk_id]:
            device = self.attached.pop(disk_id, None)
            if device:
                await asyncio.to_thread(_detach, disk_id, device)

    async def detach_all(self) -> None:
        """Remove every device."""
        for disk_id in list(self.attached):
            await self.detach(disk_id)


def _attach(disk_id: str, image: str) -> str:
    if os.geteuid():
        raise DeviceError("a loop device needs root")
    device = _run("losetup", "--find", "--show", image)
    BY_ID.mkdir(parents=True, exist_ok=True)
    _detached(disk_id).symlink_to(device)
    return device


def _detach(disk_id: str, device: str) -> None:
    _detached(disk_id)
    _run("losetup", "--detach", device)


def _detached(disk_id: str) -> Path:
    """Return where the link of a disk belongs; there is none any more."""
    link = BY_ID / f"virtio-{disk_id}"
    link.unlink(missing_ok=True)
    return link


def _run(*command: str) -> str:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603  # our own command
    except FileNotFoundError as error:
        raise DeviceError(f"there is no {command[0]} here") from error
    if done.returncode:
        raise DeviceError(done.stderr.strip())
    return done.stdout.strip()
