"""One instance of a function: a process of its own that takes one event at a time.

It knows the process, its channel and what it prints. When to start one, what an event may cost and what
follows from a failure is decided by others.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

LENGTH = struct.Struct(">I")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
OUTPUT_LIMIT_BYTES = 1 << 20


class Line(NamedTuple):
    """One line of output; `at_s` is the cloud's time."""

    at_s: float
    text: str


class InstanceGoneError(Exception):
    """The process ended before it answered."""


class Channel:
    """Frames to and from a process over our end of a socket pair: four bytes of length, then JSON."""

    def __init__(
        self, ours: socket.socket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._socket, self._reader, self._writer = ours, reader, writer

    @classmethod
    async def over(cls, ours: socket.socket) -> Channel:
        """Wrap our end; the channel closes it."""
        return cls(ours, *await asyncio.open_unix_connection(sock=ours))

    @property
    def ended(self) -> bool:
        """Whether the other side has hung up; asked of the socket, since the loop may not know yet."""
        try:
            return not self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def send(self, frame: object) -> None:
        """Write a frame."""
        body = json.dumps(frame).encode()
        self._writer.write(LENGTH.pack(len(body)) + body)

    async def receive(self) -> dict[str, Any]:
        """Return the next frame; raises InstanceGoneError."""
        try:
            (size,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
            frame: dict[str, Any] = json.loads(await self._reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise InstanceGoneError from error
        return frame

    def close(self) -> None:
        """Hang up: the process and its group end by themselves."""
        self._writer.close()


class Output:
    """What an instance prints, line by line with the moment it was seen; cut at 1 MiB an event."""

    def __init__(self, descriptor: int, now: Callable[[], float]) -> None:
        self._descriptor, self._now = descriptor, now
        self._lines: list[Line] = []
        self._rest, self._size = b"", 0
        os.set_blocking(descriptor, False)
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def take(self) -> list[Line]:
        """Return the lines since the last call; one without its end counts as a line."""
        self._read()
        self._add([self._rest] if self._rest else [])
        taken, self._lines = self._lines, []
        self._rest, self._size = b"", 0
        return taken

    def close(self) -> None:
        """Stop reading."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._descriptor >= 0:
                piece = os.read(self._descriptor, 1 << 16)
                if not piece:
                    self.close()
                kept = piece[: max(0, OUTPUT_LIMIT_BYTES - self._size)]
                self._size += len(kept)
                *whole, self._rest = (self._rest + kept).split(b"\n")
                self._add(whole)

    def _add(self, lines: list[bytes]) -> None:
        self._lines += [Line(self._now(), line.decode(errors="replace")) for line in lines]


class Instance:
    """A running process, made by `start`."""

    def __init__(self, pid: int, channel: Channel, output: Output) -> None:
        self.pid, self.output = pid, output
        self._channel = channel

    @property
    def alive(self) -> bool:
        """Whether the process is still there, as far as can be seen."""
        return not self._channel.ended

    def memory_bytes(self) -> int:
        """Return what the process holds now; 0 once it has ended."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE_BYTES
        except (FileNotFoundError, ProcessLookupError):
            return 0

    async def ready(self) -> dict[str, Any]:
        """Wait until the handler is loaded; returns {"failure", "read_only"}, raises InstanceGoneError."""
        return await self._channel.receive()

    async def call(self, environ: Mapping[str, str], event: object, context: object) -> dict[str, Any]:
        """Hand over one event; returns {"result", "failure", "memory_bytes"}, raises InstanceGoneError."""
        self._channel.send({"environ": environ, "event": event, "context": context})
        return await self._channel.receive()

    def kill(self) -> None:
        """End the whole process group at once; what it printed can still be taken."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._channel.close()

    def close(self) -> None:
        """End it and forget it."""
        self.kill()
        self.output.close()


async def start(launch: Callable[[socket.socket, int], Awaitable[int]], now: Callable[[], float]) -> Instance:
    """Give a new process its end of a channel and of an output; `launch` returns the pid."""
    ours, theirs = socket.socketpair()
    output_ours, output_theirs = os.pipe()
    try:
        pid = await launch(theirs, output_theirs)
    finally:
        theirs.close()  # so that the end of the process can be seen here
        os.close(output_theirs)
    return Instance(pid, await Channel.over(ours), Output(output_ours, now))
