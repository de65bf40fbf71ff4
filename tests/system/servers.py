"""Real database servers, each over a folder of its own, with a writer to try."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.agent.driver import eventually, free_port

POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")


class Server(Protocol):
    """What the tests ask of every server."""

    folder: Path

    def is_writable(self, within_s: float = ...) -> bool:
        """Tell whether a writer gets through."""

    def stop(self) -> None:
        """End the server."""


def served_folder(owner: str) -> Path:
    """Make a folder that a server's own user can reach."""
    folder = Path(tempfile.mkdtemp(prefix=f"cbsnap-{owner}-", dir="/tmp"))
    folder.chmod(0o755)
    shutil.chown(folder, owner, owner)
    return folder


def _succeeds(command: list[str], within_s: float) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=within_s, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


@dataclass
class MariaDb:
    """A MariaDB server; `data` may lie on a filesystem of its own."""

    folder: Path
    data: Path
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def socket(self) -> Path:
        """Return the socket's path."""
        return self.folder / "mysqld.sock"

    def install(self) -> MariaDb:
        """Make the data directory."""
        self.data.mkdir(exist_ok=True)
        shutil.chown(self.data, "mysql", "mysql")
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--user=mysql",
             "--skip-test-db", "--auth-root-authentication-method=normal"],
            check=True, capture_output=True,
        )  # fmt: skip
        return self

    def start(self, *options: str) -> MariaDb:
        """Start the server and wait until it answers."""
        self.process = subprocess.Popen(
            ["mariadbd", "--no-defaults", "--user=mysql", f"--datadir={self.data}", f"--socket={self.socket}",
             f"--pid-file={self.folder}/pid", "--skip-networking", "--log-bin=binlog", "--server-id=1",
             "--innodb-buffer-pool-size=32M", f"--log-error={self.folder}/error.log", *options],
        )  # fmt: skip
        eventually(lambda: self.process.poll() is not None or self.says("SELECT 1"), within_s=30)
        assert self.process.poll() is None, (self.folder / "error.log").read_text()
        return self

    def open_shop(self) -> MariaDb:
        """Make the database that the tests write to."""
        self.run("CREATE DATABASE shop; CREATE TABLE shop.orders (amount INT)")
        return self

    def client(self, *arguments: str) -> list[str]:
        """Return the command of a client."""
        return ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "-N", "-B", *arguments]

    def run(self, statement: str) -> str:
        """Run statements and return their rows."""
        return subprocess.run(
            self.client("-e", statement), check=True, capture_output=True, text=True, timeout=30
        ).stdout

    def says(self, statement: str, within_s: float = 5) -> bool:
        """Tell whether a statement succeeds."""
        return _succeeds(self.client("-e", statement), within_s)

    def is_writable(self, within_s: float = 0.4) -> bool:
        """Tell whether a writer gets through; one that does not gives up."""
        return self.says("SET lock_wait_timeout = 30; INSERT INTO shop.orders VALUES (1)", within_s)

    def restart(self) -> None:
        """Kill the server and start it again."""
        self.process.kill()
        self.process.wait()
        self.start()

    def stop(self) -> None:
        """End the server."""
        self.process.terminate()
        self.process.wait(30)

    def plan(self, steps: str = "mysql sync", more: str = "", user: str = "root") -> str:
        """Return the section of a plan over this server."""
        return (
            f"[plan:orders]\nsteps = {steps}\nmysql.socket = {self.socket}\nmysql.user = {user}\n"
            f"disks = {self.data}=disk-11111111\n{more}\n"
        )


@dataclass
class Postgres:
    """A PostgreSQL server; `wal` may lie on a filesystem of its own."""

    folder: Path
    data: Path
    wal: Path | None = None
    port: int = 0

    def install(self) -> Postgres:
        """Make the cluster."""
        self.port = free_port()
        wal = [f"--waldir={self.wal}"] if self.wal else []
        self._as_postgres("initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", *wal)
        return self

    def start(self) -> Postgres:
        """Start the server and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses="
        self._as_postgres(
            "pg_ctl", "-D", str(self.data), "-w", "-l", f"{self.folder}/log", "-o", options, "start"
        )
        self.run("CREATE TABLE IF NOT EXISTS orders (amount int)")
        return self

    def client(self, *arguments: str) -> list[str]:
        """Return the command of a client."""
        return ["psql", "-X", "-q", "-t", "-A", "-d", self.connection, *arguments]

    @property
    def connection(self) -> str:
        """Return libpq's connection string."""
        return f"host={self.folder} port={self.port} user=postgres dbname=postgres"

    def run(self, statement: str) -> str:
        """Run a statement and return its rows."""
        return subprocess.run(
            self.client("-c", statement), check=True, capture_output=True, text=True, timeout=30
        ).stdout.strip()

    def is_writable(self, within_s: float = 0.4) -> bool:
        """Tell whether a writer gets through."""
        return _succeeds(self.client("-c", "INSERT INTO orders VALUES (1)"), within_s)

    def stop(self) -> None:
        """End the server."""
        self._as_postgres("pg_ctl", "-D", str(self.data), "-m", "immediate", "-w", "stop")

    def restart(self) -> None:
        """Restart the server as after a crash."""
        self.stop()
        self.start()

    def plan(self, steps: str = "postgresql sync freeze", more: str = "") -> str:
        """Return the section of a plan over this server."""
        return f"[plan:orders]\nsteps = {steps}\npostgresql.connection = {self.connection}\n{more}\n"

    def _as_postgres(self, tool: str, *arguments: str) -> None:
        subprocess.run(
            ["runuser", "-u", "postgres", "--", str(POSTGRES_BIN / tool), *arguments],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip


@dataclass
class Redis:
    """A Redis server."""

    folder: Path
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def socket(self) -> Path:
        """Return the socket's path."""
        return self.folder / "redis.sock"

    def start(self, *options: str) -> Redis:
        """Start the server and wait until it answers."""
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder),
             "--save", "", *options],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        eventually(lambda: _succeeds([*self._client(), "ping"], 2))
        return self

    def run(self, *words: str) -> str:
        """Run a command and return its answer."""
        return subprocess.run([*self._client(), *words], check=True, capture_output=True, text=True).stdout

    def is_writable(self, within_s: float = 0.4) -> bool:
        """Tell whether a writer gets through."""
        return _succeeds([*self._client(), "incr", "orders"], within_s)

    def stop(self) -> None:
        """End the server."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def _client(self) -> list[str]:
        return ["redis-cli", "-s", str(self.socket)]
