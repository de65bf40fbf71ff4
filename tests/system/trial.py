"""The trial: cut a disk under load at one instant, restore it on a second server, count the broken.

The disk is an image file on XFS; `cp --reflink=always` of it is the cut: instant and atomic, like a snapshot.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.system.loops import Loop, run
from tests.system.servers import MariaDb, served_folder

TABLES = ("innodb", "myisam", "aria")
_RECENT = 4000  # rows by each restored table whose files are looked at
Findings = dict[str, bool]


@dataclass
class State:
    """What a server holds at one moment."""

    gtid: str
    counts: list[str]


def state_of(server: MariaDb) -> State:
    """Read what a server holds."""
    counts = [server.run(f"SELECT COUNT(*) FROM shop.t_{table}").strip() for table in TABLES]  # noqa: S608
    return State(server.run("SELECT @@gtid_binlog_pos").strip(), counts)


def create_tables(server: MariaDb) -> None:
    """Make one table of each engine."""
    for table in TABLES:
        engine = f"ENGINE = {table}"
        server.run(f"CREATE TABLE shop.t_{table} (name VARCHAR(40) PRIMARY KEY, digest CHAR(64)) {engine}")


def cut(image: Path, target: Path) -> None:
    """Copy an image as it is at this instant."""
    run("cp", "--reflink=always", str(image), str(target))


def examine(image: Path, mount: Path, locked: State | None) -> Findings:
    """Restore a cut and tell what is broken in it; `locked` is what it must hold, where that is known."""
    found = {"journal": "needs_recovery" in run("dumpe2fs", "-h", str(image))}
    disk = Loop(image, mount, "ext4", 0)
    disk.device = run("losetup", "--find", "--show", str(image)).strip()
    mount.mkdir(exist_ok=True)
    run("mount", disk.device, str(mount))
    server = MariaDb(served_folder("mysql"), mount / "mysql")
    try:
        server.start("--myisam-recover-options=OFF", "--aria-recover-options=OFF")
    except AssertionError:
        return {**found, "start": True}
    else:
        found["myisam"] = are_corrupt(server, "t_myisam")
        found["files"] = are_damaged(server, mount / "files")
        found["content"] = locked is not None and (found["myisam"] or state_of(server) != locked)
        return found
    finally:
        server.process.kill()
        server.process.wait()
        shutil.rmtree(server.folder)
        run("umount", str(mount))
        run("losetup", "--detach", disk.device)


def marker(image: Path, mount: Path) -> tuple[str, str | None]:
    """Return the lease ids of a cut's markers, `pre` and `post`."""
    mount.mkdir(exist_ok=True)
    run("mount", "-o", "loop", str(image), str(mount))
    try:
        paths = [mount / f".cbsnap-{name}" for name in ("pre", "post")]
        found = [json.loads(path.read_text())["lease_id"] for path in paths if path.exists()]
    finally:
        run("umount", str(mount))
    return found[0], found[1] if len(found) > 1 else None


def are_corrupt(server: MariaDb, *tables: str) -> bool:
    """Tell whether the server finds one of these tables damaged; all three, if none is named."""
    named = tables or tuple(f"t_{table}" for table in TABLES)
    rows = server.run(f"CHECK TABLE {', '.join(f'shop.{table}' for table in named)}").splitlines()
    return [row.split("\t")[2:] for row in rows] != [["status", "OK"]] * len(named)


def are_damaged(server: MariaDb, folder: Path) -> bool:
    """Tell whether a committed row's file is not what the row says."""
    query = "SELECT name, digest FROM shop.t_innodb ORDER BY CAST(SUBSTRING(name, 3) AS INT) DESC"
    rows = [line.split("\t") for line in server.run(f"{query} LIMIT {_RECENT}").splitlines()]
    return any(_digest(folder / name) != digest for name, digest in rows)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def start_writer(server: MariaDb, folder: Path, library: Path) -> subprocess.Popen[bytes]:
    """Start the application; `library` is the packed agent, which brings a client."""
    script = str(Path(__file__).with_name("writer.py"))
    return subprocess.Popen(
        [sys.executable, script, str(server.socket), str(folder)], env={"PYTHONPATH": str(library)}
    )
