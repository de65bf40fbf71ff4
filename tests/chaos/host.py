"""A host of the suite: folders that stand for its disks, a real agent over them, and how either is hurt."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.chaos import processes
from tests.chaos.core import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PLAN = "sqlite"
READY_S = 30.0
DATABASE = "orders.db"
AGENT = """[agent]
listen = {ip}:{port}
instance_id = {instance}
key_file = {folder}/keys
runtime_dir = {folder}/run
metadata = off

[plan:{plan}]
steps = sqlite sync
sqlite.databases = {database}
mounts = {mounts}
disks = {disks}
"""


def host_key(master: str, instance: str) -> str:
    """Derive a host's key as the protocol says it (hex)."""
    text = f"cbsnap-host-v1\n1\n{instance}"
    return hmac.new(bytes.fromhex(master), text.encode(), hashlib.sha256).hexdigest()


@dataclass
class Host:
    """One instance. The first of its disks has the database, the others plain files; the agent is at `ip`."""

    instance: str
    ip: str
    port: int
    disks: tuple[str, ...]
    folder: Path
    master: str
    _process: subprocess.Popen[bytes] | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def database(self) -> Path:
        """Where the database lies."""
        return self.disk(self.disks[0]) / DATABASE

    @property
    def diary(self) -> Path:
        """Where the database's writer keeps its diary: on none of the disks."""
        return self.folder / "diary"

    @property
    def journal(self) -> Path:
        """Where the agent keeps its journal."""
        return self.folder / "run/journal"

    def disk(self, disk_id: str) -> Path:
        """Return the folder that stands for a disk."""
        return self.folder / disk_id

    def lay_out(self) -> None:
        """Make the folders, the key and the agent's configuration."""
        for disk_id in self.disks:
            self.disk(disk_id).mkdir(parents=True)
            (self.disk(disk_id) / "file").write_text(disk_id)
        (self.folder / "keys").touch(mode=0o600)
        (self.folder / "keys").write_text(f"1 {host_key(self.master, self.instance)}\n")
        (self.folder / "agent.ini").write_text(
            AGENT.format(
                ip=self.ip,
                port=self.port,
                instance=self.instance,
                folder=self.folder,
                plan=PLAN,
                database=self.database,
                mounts=" ".join(str(self.disk(one)) for one in self.disks),
                disks=" ".join(f"{self.disk(one)}={one}" for one in self.disks),
            )
        )

    def start(self) -> None:
        """Start the agent unless it runs, and wait until it answers."""
        with self._turn:
            if self._process is None or self._process.poll() is not None:
                config = str(self.folder / "agent.ini")
                environment = {
                    **os.environ,
                    "PYTHONPATH": str(ROOT / "agent"),
                    "PYTHONDONTWRITEBYTECODE": "1",
                }
                with (self.folder / "agent.log").open("ab") as log:
                    self._process = subprocess.Popen(
                        [sys.executable, "-m", "cbsnap_agent", "serve", "--config", config],
                        env=environment,
                        stdout=log,
                        stderr=log,
                    )
            processes.until(f"the agent of {self.instance} answers", self._answers, READY_S)

    def end(self) -> None:
        """Stop the agent as a service manager would."""
        if self._process is not None:
            processes.end(self._process)

    def kill_agent(self, down_s: float) -> None:
        """Kill the agent; it is started again after `down_s`, as a service manager would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        later = threading.Timer(down_s, self.start)
        later.daemon = True
        later.start()

    def kill_guard(self) -> None:
        """Kill every process that the agent has started: its guards."""
        for pid in processes.children(self._pid):
            os.kill(pid, signal.SIGKILL)

    def stop_agent(self, for_s: float) -> None:
        """Let the agent hang for a while; its guard may kill it for that."""
        os.kill(self._pid, signal.SIGSTOP)
        later = threading.Timer(for_s, self._go_on, (self._pid,))
        later.daemon = True
        later.start()

    @property
    def _pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"the agent of {self.instance} was never started")
        return self._process.pid

    def _go_on(self, pid: int) -> None:
        if self._process is not None and self._process.poll() is None and self._process.pid == pid:
            os.kill(pid, signal.SIGCONT)
        self.start()

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.ip, self.port, timeout=1)
        try:
            connection.request("GET", "/v1/hello")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()
