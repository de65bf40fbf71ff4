"""A wire between a function and what it speaks to: HTTP goes through, message by message, and may be stopped.

Decides nothing: at two moments of each exchange (the request is here; its answer is here) it asks what is
to become of the message. It looks at a message no further than to name its step.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable

Address = tuple[str, int]
BACKLOG = 128
SILENCE_S = 30.0  # longer than any wait of the functions under test
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of zero: closing sends a reset


class Moment(Enum):
    """When in an exchange: the request has come and was not passed on, or the answer has."""

    BEFORE = "before"
    AFTER = "after"


class Fate(Enum):
    """What becomes of a message: passed on, its connection reset, or nothing at all, with no word."""

    PASS = "pass"  # noqa: S105 - no password
    CUT = "cut"
    SILENCE = "silence"


@dataclass(frozen=True)
class Exchange:
    """A request on this link: `step` is its name, `peer` the address that it came from."""

    link: str
    step: str
    peer: Address


@dataclass(frozen=True)
class _Message:
    head: bytes
    body: bytes

    @property
    def first_line(self) -> str:
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    def field(self, name: str) -> str:
        """Return a header's value, or nothing."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name:
                return value.strip()
        return ""


@dataclass(frozen=True)
class _Wire:
    near: socket.socket
    far: socket.socket
    requests: BinaryIO
    answers: BinaryIO


class Link:
    """Listens at `listen` and passes on to `target`; `judge` says what becomes of each message."""

    def __init__(
        self, name: str, listen: Address, target: Address, judge: Callable[[Exchange, Moment], Fate]
    ) -> None:
        self.name = name
        self._target = target
        self._judge = judge
        self._listener = socket.create_server(listen, backlog=BACKLOG)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near, peer), daemon=True).start()

    def _serve(self, near: socket.socket, peer: Address) -> None:
        far = socket.socket()
        try:
            with near, far:
                far.connect(self._target)
                wire = _Wire(near, far, near.makefile("rb"), far.makefile("rb"))
                while self._passed_on(wire, peer):
                    pass
        except OSError:
            return  # one of the two has gone, and the other learns it by our closing

    def _passed_on(self, wire: _Wire, peer: Address) -> bool:
        """Carry one exchange; return whether the connection goes on."""
        request = _read(wire.requests, body_follows=True)
        if request is None:
            return False
        exchange = Exchange(self.name, _step(request), peer)
        if not self._let_through(wire.near, exchange, Moment.BEFORE):
            return False
        wire.far.sendall(request.head + request.body)
        answer = _read(wire.answers, body_follows=not request.first_line.startswith("HEAD "))
        if answer is None or not self._let_through(wire.near, exchange, Moment.AFTER):
            return False
        wire.near.sendall(answer.head + answer.body)
        return True

    def _let_through(self, near: socket.socket, exchange: Exchange, moment: Moment) -> bool:
        fate = self._judge(exchange, moment)
        if fate is Fate.CUT:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        if fate is Fate.SILENCE:
            _wait_for_the_end(near)
        return fate is Fate.PASS


def _wait_for_the_end(near: socket.socket) -> None:
    """Keep a connection open, and silent, until the peer gives it up."""
    near.settimeout(SILENCE_S)
    end = time.monotonic() + SILENCE_S
    while time.monotonic() < end and near.recv(1 << 16):
        pass


def _read(stream: BinaryIO, *, body_follows: bool) -> _Message | None:
    """Return the next message, or None at the end; bodies have a Content-Length on both sides here."""
    lines = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        lines.append(line)
    if line == b"" or not lines:
        return None
    message = _Message(b"".join([*lines, b"\r\n"]), b"")
    if not body_follows:
        return message
    return _Message(message.head, stream.read(int(message.field("content-length") or 0)))


def _step(request: _Message) -> str:
    """Name an exchange: the API's action with its disk, if any, or the last word of the agent's path."""
    method, target, _ = request.first_line.split(" ", 2)
    if method == "HEAD":
        return "warm"
    action = request.field("x-tc-action")
    if action:
        disk: str = json.loads(request.body).get("DiskId", "")
        return f"{action} {disk}".rstrip()
    last = target.partition("?")[0].rstrip("/").rpartition("/")[2]
    return "lease" if last == "leases" and method == "POST" else last
