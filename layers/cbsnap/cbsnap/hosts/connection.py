"""A connection on which an answer is complete in its time, however slowly it drips in.

A socket's own time-out counts from byte to byte: a peer that sends one now and then would keep the
caller for ever.
"""

from __future__ import annotations

import math
import socket
import time
from http.client import HTTPConnection
from typing import Any


class Connection(HTTPConnection):
    """As `HTTPConnection`, with a bound on a whole exchange."""

    until = math.inf

    def within(self, timeout_s: float) -> None:
        """Allow the exchange that begins now so many seconds; beyond them it raises TimeoutError."""
        self.until = time.monotonic() + timeout_s
        if isinstance(self.sock, _Bounded):
            self.sock.until = self.until
            self.sock.settimeout(timeout_s)

    def connect(self) -> None:
        """Connect, and bound what is received."""
        super().connect()
        bounded = _Bounded(fileno=self.sock.detach())
        bounded.until = self.until
        bounded.settimeout(self.timeout)
        self.sock = bounded


class _Bounded(socket.socket):
    until = math.inf

    def recv_into(self, *arguments: Any) -> int:  # noqa: ANN401 - the parent's
        left_s = self.until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the answer took too long")
        self.settimeout(left_s)
        return super().recv_into(*arguments)
