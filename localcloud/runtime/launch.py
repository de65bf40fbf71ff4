"""How the process of an instance comes about: fresh, or forked from a parent that is warm already.

Either way it is a process of its own in a group of its own. A warm parent has imported the function's module
and never runs a handler; it exists for the tests' sake, where a second an instance would be too long.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from localcloud.runtime.instance import Channel, InstanceGoneError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")


@dataclass(frozen=True)
class Program:
    """What a process is started with.

    `folder` is where it works, `packages` what comes after the function's own path, and `read_only` what it
    should not be able to change.
    """

    handler: str
    folder: Path
    packages: Sequence[str]
    read_only: Sequence[Path]
    environ: Mapping[str, str]

    async def run(self, mode: str, channel: socket.socket, output: int) -> asyncio.subprocess.Process:
        """Start the bootstrap; -S keeps the server's own packages off the function's path."""
        asked = {
            "mode": mode,
            "channel": channel.fileno(),
            "handler": self.handler,
            "packages": list(self.packages),
            "read_only": [str(folder) for folder in self.read_only],
        }
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-S", str(BOOTSTRAP), json.dumps(asked)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=self.environ,
            cwd=self.folder,
            pass_fds=[channel.fileno()],
            start_new_session=True,
        )


class Launcher(Protocol):
    """Starts processes of one function."""

    async def launch(self, channel: socket.socket, output: int) -> int:
        """Start one that holds these ends; returns its pid. Raises InstanceGoneError."""

    async def close(self) -> None:
        """Wait until every process has ended; the instances have been told to already."""


class Fresh:
    """Every instance is started from nothing, as the platform does."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._processes: list[asyncio.subprocess.Process] = []

    async def launch(self, channel: socket.socket, output: int) -> int:
        """Start a process."""
        process = await self._program.run("instance", channel, output)
        self._processes = [each for each in self._processes if each.returncode is None] + [process]
        return process.pid

    async def close(self) -> None:
        """Wait for the processes."""
        await asyncio.gather(*(process.wait() for process in self._processes))


class Forked:
    """Every instance is a fork of a warm parent; what the module prints at import is lost."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._one_at_a_time = asyncio.Lock()
        self._parent: _WarmParent | None = None

    async def launch(self, channel: socket.socket, output: int) -> int:
        """Have the parent fork; the first call starts it."""
        async with self._one_at_a_time:
            self._parent = self._parent or await _WarmParent.start(self._program)
            try:
                return await self._parent.fork(channel, output)
            except InstanceGoneError:
                self._parent = None
                raise

    async def close(self) -> None:
        """End the parent."""
        if self._parent:
            await self._parent.close()


@dataclass(frozen=True)
class _WarmParent:
    process: asyncio.subprocess.Process
    requests: socket.socket
    answers: Channel

    @classmethod
    async def start(cls, program: Program) -> _WarmParent:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await program.run("warm", theirs, asyncio.subprocess.DEVNULL)
        parent = cls(process, ours, await Channel.over(ours))
        await parent.answers.receive()
        return parent

    async def fork(self, channel: socket.socket, output: int) -> int:
        socket.send_fds(self.requests, [b"fork"], [channel.fileno(), output])
        pid: int = (await self.answers.receive())["pid"]
        return pid

    async def close(self) -> None:
        self.answers.close()
        await self.process.wait()
