"""A MariaDB shop: rows in InnoDB, MyISAM and Aria, each committed after the file that it is about.

What is looked for in a restored one: a server that does not start, tables that its own CHECK TABLE
finds damaged, files that are not what a committed row says, commits that had been acknowledged and
are gone, and a binary log that is not where the lock had written that it was.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.agent.driver import eventually
from tests.prove.markers import pre_marker
from tests.system import trial
from tests.system.servers import MariaDb, served_folder

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from pathlib import Path

    from tests.prove.workloads import Findings
    from tests.system.loops import Loop

DISK = "disk-mariadb0"
_WRITTEN_FIRST = 50


@dataclass
class Shop:
    """The server on one filesystem, and its eight writers; `library` is the packed agent, with a client."""

    loop: Loop
    library: Path
    name: str = "mariadb"
    server: MariaDb = field(init=False)
    writer: subprocess.Popen[bytes] = field(init=False)

    @property
    def volumes(self) -> Mapping[str, Loop]:
        """Return the one filesystem that holds data, logs and files."""
        return {DISK: self.loop}

    def plan(self, steps: str) -> str:
        """Return the plan over the one filesystem, with the server's socket where the server is locked."""
        plan = f"steps = {steps}\nmounts = {self.loop.mount}\ndisks = {self.loop.mount}={DISK}\n"
        socket = self.loop.mount.parent / "mariadb" / "mysqld.sock"
        return plan + (f"mysql.socket = {socket}\nmysql.user = root\n" if "mysql" in steps else "")

    def start(self) -> None:
        """Start server and writers."""
        folder = self.loop.mount.parent / "mariadb"
        folder.mkdir(mode=0o755)
        shutil.chown(folder, "mysql", "mysql")
        (self.loop.mount / "files").mkdir()
        self.server = MariaDb(folder, self.loop.mount / "mysql").install().start().open_shop()
        trial.create_tables(self.server)
        self.writer = trial.start_writer(self.server, self.loop.mount / "files", self.library)
        eventually(lambda: self.written() > _WRITTEN_FIRST, within_s=60)

    def written(self) -> int:
        """Return how many rows have been committed to InnoDB."""
        return _rows(self.server)

    def examine(self, mounts: Mapping[str, Path], acknowledged: int, key: str) -> Findings:
        """Start a second server on the restored data, without its own repairs, and look."""
        place = mounts[DISK]
        server = MariaDb(served_folder("mysql"), place / "mysql")
        try:
            server.start("--myisam-recover-options=OFF", "--aria-recover-options=OFF")
        except AssertionError:
            return {"start": True}
        else:
            return {
                "tables": trial.are_corrupt(server),
                "files": trial.are_damaged(server, place / "files"),
                "lost": _rows(server) < acknowledged,
                "position": _is_elsewhere(server, pre_marker(place, key)),
            }
        finally:
            server.process.kill()
            server.process.wait()
            shutil.rmtree(server.folder)

    def stop(self) -> None:
        """End writers and server."""
        self.writer.kill()
        self.writer.wait()
        self.server.process.kill()
        self.server.process.wait()


def _rows(server: MariaDb) -> int:
    return int(server.run("SELECT COUNT(*) FROM shop.t_innodb"))


def _is_elsewhere(server: MariaDb, marker: dict[str, Any] | None) -> bool:
    """Tell whether the binary log's position is not the one that the lock wrote down; without one, no."""
    noted = (marker or {}).get("positions", {}).get("mysql", {}).get("gtid")
    return noted is not None and noted != server.run("SELECT @@gtid_binlog_pos").strip()
