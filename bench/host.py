"""A host to lock: a SQLite database under load, and an agent process with a plan for it."""

from __future__ import annotations

import secrets
import socket
import sqlite3
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench import compiled
from bench.processes import ROOT, running
from bench.writer import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

DISK = "disk-bench001"
PLAN = "bench"
WRITERS = 2
CONFIGURATION = """[agent]
listen = {address}
instance_id = ins-bench001
key_file = {folder}/keys
runtime_dir = {folder}/run
metadata = off

[plan:bench]
steps = sqlite sync
sqlite.databases = {database}
disks = {folder}/data={disk}
"""


@dataclass(frozen=True)
class Place:
    """Where the host's database lies, and where and with which key its agent is spoken to."""

    database: Path
    address: tuple[str, int]
    key: bytes


@contextmanager
def under_load() -> Iterator[Place]:
    """Start the writers and the agent; end them with the body."""
    with tempfile.TemporaryDirectory(prefix="cbsnap-bench-") as temporary, ExitStack() as processes:
        folder = Path(temporary)
        place = Place(folder / "data/load.db", ("127.0.0.1", free_port()), secrets.token_bytes(32))
        place.database.parent.mkdir()
        for number in range(WRITERS):
            command = [sys.executable, str(ROOT / "bench/writer.py"), str(place.database)]
            log = folder / f"writer-{number}.log"
            processes.enter_context(running(command, ROOT, log, lambda: _rows(place.database) >= ROWS))
        command = [sys.executable, "-m", "cbsnap_agent", "serve", "--config", str(_configured(folder, place))]
        agent = compiled.copy(ROOT / "agent", folder / "agent")
        log = folder / "agent.log"
        processes.enter_context(running(command, agent, log, lambda: listens(place.address)))
        yield place


def _configured(folder: Path, place: Place) -> Path:
    keys = folder / "keys"
    keys.touch(mode=0o600)
    keys.write_text(f"1 {place.key.hex()}\n")
    address = f"{place.address[0]}:{place.address[1]}"
    configuration = folder / "agent.ini"
    configuration.write_text(
        CONFIGURATION.format(address=address, folder=folder, database=place.database, disk=DISK)
    )
    return configuration


def _rows(database: Path) -> int:
    if not database.exists():
        return 0
    reader = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        rows: int = reader.execute("SELECT count(*) FROM load").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # not made yet
    finally:
        reader.close()
    return rows


def listens(address: tuple[str, int]) -> bool:
    """Tell whether anybody listens there."""
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
    return port
