"""How long an answer may take, whoever sends it."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest
from cbsnap.hosts.connection import Connection


def test_an_answer_that_drips_in_is_given_up_in_its_time() -> None:
    stop = threading.Event()

    def drip() -> None:
        with contextlib.suppress(OSError):  # the other end has given up
            came, _ = listener.accept()
            with came:
                while not stop.wait(0.01):
                    came.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")  # whole lines, and never the answer

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, daemon=True).start()
        connection = Connection("127.0.0.1", listener.getsockname()[1], timeout=30)
        connection.within(0.2)
        connection.request("GET", "/")

        with pytest.raises(TimeoutError):
            connection.getresponse()

        stop.set()
        connection.close()
