"""Writing the world while calls are answered: by a child of this process, which has all of it as it was.

A fork takes milliseconds where the writing of a large world takes many seconds, and what the child sees does
not change under it. It decides when to write; what the file holds is the store's part.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud import store

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.cloud import Cloud

LOG = logging.getLogger(__name__)
LOOKED_EACH_S = 1.0
REST = 4  # after a write it rests so many times as long: writing takes a fifth of one processor at most
DESCRIPTORS = 65_536


@dataclass
class Keeper:
    """Keeps a cloud's world in a file; `_child` is the process that writes it just now, or 0."""

    cloud: Cloud
    path: Path
    _child: int = 0

    async def run(self) -> None:
        """Write the world whenever it may have changed, until cancelled."""
        written = -1
        while True:
            self.cloud.settle()
            changes, began_s = self.cloud.changes, time.monotonic()
            if written != changes and await self._write():
                written = changes
            await asyncio.sleep(max(LOOKED_EACH_S, REST * (time.monotonic() - began_s)))

    def finish(self) -> None:
        """Write the world a last time; a child that still writes an older one is ended first."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child = 0
        store.save(self.path, self.cloud.world, self.cloud.clock)

    async def _write(self) -> bool:
        """Let a child write the world, and say whether it could."""
        self._child = child = os.fork()
        if not child:
            _write_and_end(self.path, self.cloud)
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):  # noqa: ASYNC110, ASYNC222  # no event tells, and it does not wait
            await asyncio.sleep(0.02)
        self._child = 0
        return ended[1] == 0


def _write_and_end(path: Path, cloud: Cloud) -> None:
    """Write, in the child, and end with 0; or say why not and end with 1.

    The child lets go of the server's connections and signals first: one that is closed is closed for good,
    and an interrupt of the whole group is the server's to answer.
    """
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(3, DESCRIPTORS)
    code = 1
    try:
        store.save(path, cloud.world, cloud.clock)
        code = 0
    except OSError:
        LOG.exception("%s could not be written", path)
    finally:
        os._exit(code)
