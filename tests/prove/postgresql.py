"""A PostgreSQL bank with data and log on two disks, under pgbench's load.

pgbench moves money between accounts, tellers and branches and writes each move down: in a whole
database the four sums agree. The server's memory is small, so that data files are written all the
time and not only at checkpoints.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.agent.driver import eventually, free_port
from tests.system.servers import POSTGRES_BIN, Postgres, served_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.prove.workloads import Findings
    from tests.system.loops import Loop

DATA, WAL = "disk-pgdata00", "disk-pgwal000"
_SUMS = (
    "SELECT count(DISTINCT total) FROM (SELECT sum(abalance) AS total FROM pgbench_accounts UNION ALL "
    "SELECT sum(tbalance) FROM pgbench_tellers UNION ALL SELECT sum(bbalance) FROM pgbench_branches "
    "UNION ALL SELECT coalesce(sum(delta), 0) FROM pgbench_history) AS sums"
)
_SMALL = (
    "shared_buffers = 2MB",
    "checkpoint_timeout = 30s",
    "bgwriter_delay = 10ms",
    "bgwriter_flush_after = 1",  # pages: what is evicted goes to the disk at once
    "backend_flush_after = 1",
)


@dataclass
class Bank:
    """The server on two filesystems, and eight clients."""

    data: Loop
    wal: Loop
    name: str = "postgresql"
    server: Postgres = field(init=False)
    clients: subprocess.Popen[bytes] = field(init=False)

    @property
    def volumes(self) -> Mapping[str, Loop]:
        """Return the filesystems of data and log."""
        return {DATA: self.data, WAL: self.wal}

    def plan(self, steps: str) -> str:
        """Return the plan over both filesystems, with the connection where the server takes part."""
        mounts = f"{self.data.mount} {self.wal.mount}"
        disks = f"{self.data.mount}={DATA} {self.wal.mount}={WAL}"
        plan = f"steps = {steps}\nmounts = {mounts}\ndisks = {disks}\n"
        return plan + (f"postgresql.connection = {self._connection}\n" if "postgresql" in steps else "")

    @property
    def _connection(self) -> str:
        return f"host={self.data.mount.parent / 'postgresql'} port=5499 user=postgres dbname=postgres"

    def start(self) -> None:
        """Start server and clients."""
        folder = self.data.mount.parent / "postgresql"
        folder.mkdir(mode=0o755)
        for owned in (folder, _made(self.data.mount / "data"), _made(self.wal.mount / "wal")):
            shutil.chown(owned, "postgres", "postgres")
        self.server = Postgres(folder, self.data.mount / "data", self.wal.mount / "wal").install()
        with (self.server.data / "postgresql.conf").open("a") as settings:
            settings.write("\n".join(_SMALL) + "\n")
        self.server.port = 5499
        self.server.start()
        pgbench = [str(POSTGRES_BIN / "pgbench"), "-h", str(folder), "-p", "5499", "-U", "postgres"]
        subprocess.run([*pgbench, "-i", "-s", "5", "-q", "postgres"], check=True, capture_output=True)
        self.server.run("CREATE EXTENSION amcheck")
        self.clients = subprocess.Popen(
            [*pgbench, "-c", "8", "-n", "-T", "86400", "-R", "400", "postgres"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        eventually(lambda: self.written() > 0, within_s=60)

    def written(self) -> int:
        """Return how many moves have been committed."""
        return _moves(self.server)

    def examine(self, mounts: Mapping[str, Path], acknowledged: int, key: str) -> Findings:
        """Start a second server on the restored data and log, and look."""
        data = mounts[DATA] / "data"
        link = data / "pg_wal"
        link.unlink()
        link.symlink_to(mounts[WAL] / "wal")
        (data / "postmaster.pid").unlink(missing_ok=True)  # names the first server, which runs here too
        folder = served_folder("postgres")
        server = Postgres(folder, data, port=free_port())
        try:
            server.start()
        except subprocess.CalledProcessError:
            return {"start": True}
        else:
            return {
                "tables": not _is_sound(server),
                "sums": server.run(_SUMS) != "1",
                "lost": _moves(server) < acknowledged,
            }
        finally:
            subprocess.run(
                ["runuser", "-u", "postgres", "--", str(POSTGRES_BIN / "pg_ctl"), "-D", str(data),
                 "-m", "immediate", "stop"], check=False, capture_output=True, cwd="/",
            )  # fmt: skip
            shutil.rmtree(folder)

    def stop(self) -> None:
        """End clients and server."""
        self.clients.kill()
        self.clients.wait()
        self.server.stop()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _moves(server: Postgres) -> int:
    return int(server.run("SELECT count(*) FROM pgbench_history"))


def _is_sound(server: Postgres) -> bool:
    """Ask amcheck: every index and every heap."""
    command = [str(POSTGRES_BIN / "pg_amcheck"), "-h", str(server.folder), "-p", str(server.port)]
    return (
        subprocess.run(
            [*command, "-U", "postgres", "--heapallindexed", "postgres"], check=False, capture_output=True
        ).returncode
        == 0
    )
