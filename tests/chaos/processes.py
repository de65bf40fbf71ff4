"""Processes of the suite: found, waited for, and ended; only such as a stage has started."""

from __future__ import annotations

import contextlib
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.chaos.link import Address

PROC = Path("/proc")
END_S = 5.0
_LOOK_AGAIN_S = 0.02


def until(what: str, holds: Callable[[], bool], timeout_s: float) -> None:
    """Wait for a condition of other processes; TimeoutError says which one did not come about."""
    end = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"within {timeout_s:.0f} s it did not come about that {what}")
        time.sleep(_LOOK_AGAIN_S)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and make sure."""
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def children(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started."""
    for entry in PROC.iterdir():
        if entry.name.isdigit() and _parent(entry) == pid:
            yield int(entry.name)


def _parent(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None  # it has just ended


def at_the_other_end(peer: Address, candidates: Iterable[int]) -> int | None:
    """Return which of these processes has the socket with this local address (IPv4)."""
    inode = _inode(peer)
    return next((pid for pid in candidates if inode and f"socket:[{inode}]" in set(_open_files(pid))), None)


def _inode(address: Address) -> str | None:
    host, port = address
    there = "".join(f"{int(part):02X}" for part in reversed(host.split("."))) + f":{port:04X}"
    for line in (PROC / "net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == there and fields[9] != "0":
            return fields[9]
    return None


def _open_files(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):  # it has just ended
        for descriptor in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                yield str(descriptor.readlink())
