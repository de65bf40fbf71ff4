"""Warming a connection that the other side has given up."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from cbsnap.clock import SystemClock
from cbsnap.errors import OutcomeUnknown
from cbsnap.tencent.api import Api

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Keys:
    """Credentials that nobody checks."""

    def get_credential_info(self) -> tuple[str, str, str | None]:
        return "AKIDtest", "secret", None


class Impatient:
    """Answers so many requests of each connection, and closes it when the next one comes."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self.connections = 0

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # the test is over
            self.connections += 1
            with connection:
                for number in range(self._answers + 1):
                    if not connection.recv(65536) or number == self._answers:
                        break
                    connection.sendall(ANSWER)


@contextmanager
def serving(server: Impatient) -> Iterator[Api]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
        thread.start()
        yield Api("ap-guangzhou", Keys(), SystemClock(), f"http://127.0.0.1:{listener.getsockname()[1]}")
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(30)


def test_a_connection_is_kept_for_what_comes_next() -> None:
    server = Impatient(answers=3)

    with serving(server) as api:
        api.warm("cbs")
        api.warm("cbs")

    assert server.connections == 1


def test_a_kept_connection_that_breaks_is_opened_anew() -> None:
    server = Impatient(answers=1)

    with serving(server) as api:
        api.warm("cbs")
        api.warm("cbs")

    assert server.connections == 2


def test_a_service_that_answers_nothing_is_said_to_be_out_of_reach() -> None:
    with serving(Impatient(answers=0)) as api, pytest.raises(OutcomeUnknown, match="cannot be reached"):
        api.warm("cbs")
