"""Drives agents as the other side would: processes, connections, signatures, a database under a writer."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import os
import secrets
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

AGENT_HOME = Path(__file__).parents[2] / "agent"
KEY = "5a" * 32
OTHER_KEY = "c3" * 32
DISK = "disk-11111111"
if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]


def eventually(holds: Callable[[], Any], within_s: float = 10.0) -> None:
    """Poll until something holds; fail when it never does."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, f"never became true within {within_s} s"
        time.sleep(0.005)


@dataclass
class Reply:
    """An answer, its body read and as it came."""

    status: int
    headers: dict[str, str]
    body: Json
    raw: bytes


@dataclass
class Client:
    """A client written from the contract alone: it shares no code with the agent."""

    port: int
    key: str = KEY
    certificate: str = ""
    start_id: str = ""
    skew_s: int = 0
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        """Connect at the first request."""
        if self.certificate:
            context = ssl.create_default_context(cafile=self.certificate)
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=90, context=context)
        else:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)

    def send(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Reply:
        """Send a request as it is."""
        self.connection.request(method, target, body, headers or {})
        answer = self.connection.getresponse()
        raw = answer.read()
        return Reply(answer.status, dict(answer.headers), json.loads(raw), raw)

    def sign(self, method: str, target: str, body: bytes = b"") -> dict[str, str]:
        """Return the headers of a signed request."""
        if not self.start_id:
            self.start_id = self.send("GET", "/v1/hello").body["start_id"]
        time_s, nonce = str(int(time.time()) + self.skew_s), secrets.token_hex(16)
        digest = hashlib.sha256(body).hexdigest()
        text = f"CBSNAP1-REQ\n{method}\n{target}\n{self.start_id}\n{time_s}\n{nonce}\n{digest}"
        signature = hmac.new(bytes.fromhex(self.key), text.encode(), "sha256").hexdigest()
        return {"X-Cbsnap-Time": time_s, "X-Cbsnap-Nonce": nonce, "X-Cbsnap-Signature": signature}

    def call(self, method: str, target: str, payload: object = None) -> Reply:
        """Send a signed request."""
        body = b"" if payload is None else json.dumps(payload).encode()
        return self.send(method, target, body, self.sign(method, target, body))

    def lease(self, **changes: object) -> Reply:
        """Ask for a lease; `changes` replace or add fields."""
        return self.call("POST", "/v1/leases", self.wanted(**changes))

    def wanted(self, **changes: object) -> Json:
        """Return what a lease asks for; `changes` replace or add fields."""
        usual = {
            "lease_id": secrets.token_hex(16),
            "operation": f"orders@20261122T0200Z#{secrets.token_hex(4)}/ins-11111111",
            "plan": "orders",
            "disks": [DISK],
            "ttl_s": 30,
            "budget_ms": 20000,
        }
        return {**usual, **changes}

    def held(self, **changes: object) -> str:
        """Take a lease, see that it is HELD, and return its id."""
        reply = self.lease(**changes)
        assert (reply.status, reply.body["state"]) == (201, "HELD"), reply.body
        return str(reply.body["lease_id"])

    def release(self, lease_id: str, answered: dict[str, str] | None = None) -> Json:
        """Release a lease and return its record."""
        return self.call("POST", f"/v1/leases/{lease_id}/release", {"answered": answered or {}}).body

    def record(self, lease_id: str) -> Json:
        """Return a lease's record."""
        return self.call("GET", f"/v1/leases/{lease_id}").body


@dataclass
class Agent:
    """An agent over one folder of its own; `plans` are the configuration's plan sections."""

    folder: Path
    python: str
    plans: str
    settings: str = "metadata = off"
    keys: str = f"1 {KEY}\n"
    runtime_dir: Path = Path()
    program: tuple[str, ...] = ("-m", "cbsnap_agent")
    certificate: str = ""
    port: int = 0
    process: subprocess.Popen[bytes] = field(init=False)
    clients: list[Client] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Keep the state in a folder of its own, unless it is told where."""
        if self.runtime_dir == Path():
            self.runtime_dir = self.folder / "run"

    def start(self) -> Agent:
        """Write the configuration, start the agent, and wait until it answers."""
        self.port = self.port or free_port()
        (self.folder / "keys").write_text(self.keys)
        (self.folder / "keys").chmod(0o600)
        (self.folder / "agent.ini").write_text(
            f"[agent]\nlisten = 127.0.0.1:{self.port}\ninstance_id = ins-11111111\n"
            f"key_file = {self.folder}/keys\nruntime_dir = {self.runtime_dir}\n"
            f"{self.settings}\n\n{self.plans}\n"
        )
        self.process = self.spawn("serve")
        eventually(lambda: self.process.poll() is not None or self.answers())
        assert self.process.poll() is None, (self.folder / "log").read_text()
        return self

    def thaw_all(self) -> int:
        """Undo what is owed, as the service manager's stop hook does; return the exit code."""
        command = [self.python, *self.program, "thaw-all", "--runtime-dir", str(self.runtime_dir)]
        return subprocess.run(
            command, env={"PYTHONPATH": str(AGENT_HOME)}, check=False, timeout=20
        ).returncode

    def spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the agent's command line over this configuration."""
        configured = [arguments[0], "--config", str(self.folder / "agent.ini"), *arguments[1:]]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self.python, *self.program, *configured],
                env={"PYTHONPATH": str(AGENT_HOME), "PATH": os.environ["PATH"], **self.environment},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def answers(self) -> bool:
        """Tell whether the agent answers."""
        client = Client(self.port, certificate=self.certificate)
        try:
            return client.send("GET", "/v1/hello").status == 200
        except OSError:
            return False
        finally:
            client.connection.close()

    def client(self, key: str = KEY, skew_s: int = 0) -> Client:
        """Return a client whose connection ends with the agent."""
        self.clients.append(Client(self.port, key, self.certificate, skew_s=skew_s))
        return self.clients[-1]

    def guard_pid(self) -> int:
        """Return the pid of the guard of the lease that is held."""
        eventually(lambda: len(self._guards()) == 1)  # the one that tried its protections has gone
        return self._guards()[0]

    def _guards(self) -> list[int]:
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        pids = {int(pid) for task in tasks for pid in _read(task / "children").split()}
        return [pid for pid in pids if b"cbsnap_agent" in _read(Path(f"/proc/{pid}/cmdline"))]

    def kill(self) -> None:
        """Kill the agent as the kernel would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Stop the agent as a service manager would; return its exit code."""
        for client in self.clients:
            client.connection.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        return self.process.wait(10)


def _read(path: Path) -> bytes:
    """Return what /proc says, nothing of a thread or process that has just gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a dead one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Orders:
    """A SQLite database, as an application sees it."""

    path: Path

    def is_writable(self) -> bool:
        """Tell whether a writer gets through just now."""
        writer = sqlite3.connect(self.path, timeout=0)
        try:
            writer.execute("INSERT INTO orders VALUES (1)")
            writer.commit()
        except sqlite3.OperationalError:
            return False
        finally:
            writer.close()
        return True

    def plan(self, name: str = "orders", steps: str = "sqlite sync", more: str = "") -> str:
        """Return the section of a plan over this database."""
        return (
            f"[plan:{name}]\nsteps = {steps}\nsqlite.databases = {self.path}\n"
            f"disks = {self.path.parent}={DISK}\n{more}\n"
        )


def create_orders(folder: Path) -> Orders:
    """Create a folder with a database in it."""
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(folder / "orders.db")) as database:
        database.execute("PRAGMA journal_mode = wal")
        database.execute("CREATE TABLE orders (amount)")
    return Orders(folder / "orders.db")
