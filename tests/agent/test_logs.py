"""The log's thread, over a target without room."""

from __future__ import annotations

import threading

from cbsnap_agent.logs import Log

from tests.agent.driver import eventually


class Disk:
    """A target that has no room until it has."""

    def __init__(self) -> None:
        self.is_full = True
        self.tries = 0
        self.written = ""

    def write(self, text: str) -> None:
        """Write, or say that there is no room."""
        self.tries += 1
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.written += text

    def flush(self) -> None:
        """Keep nothing back."""


def test_a_full_disk_delays_lines_and_does_not_end_the_log() -> None:
    disk, quiet = Disk(), threading.Event()
    quiet.set()
    log = Log(quiet, disk)
    log.start()

    log.write("first")
    eventually(lambda: disk.tries == 1)
    disk.is_full = False
    log.write("second")
    eventually(lambda: disk.written.count("\n") == 2)

    assert disk.written.index("first") < disk.written.index("second")
