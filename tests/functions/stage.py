"""A local cloud with our functions, and a host with a SQLite database and its agent: real processes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import yaml
from cbsnap.clock import SystemClock
from cbsnap.hosts.signature import host_key
from cbsnap.tencent.api import Api
from cbsnap.tencent.commands import RegionCommands
from cbsnap.tencent.credentials import EnvironmentCredentials
from cbsnap.tencent.region import Region
from cbsnap.wiring import Wiring

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
MASTER = "5" * 64
TOKEN = "a token for the tests"  # noqa: S105 - opens nothing but the test's own function
READER, PIPELINE = "reader", "pipeline"
TOKENS = {  # each with the scopes and the day on which it ends
    TOKEN: ("admin", "9999-12-31"),
    READER: ("read", "9999-12-31"),
    PIPELINE: ("snapshot", "9999-12-31"),
    "restorer": ("restore", "9999-12-31"),
    "former": ("admin", "2020-01-01"),
}
HOST_IP = "127.0.78.21"
REGION = "ap-guangzhou"
FLEET = """
regions:
  ap-guangzhou:
    instances:
      - {{id: ins-db, ip: {ip}}}
      - {{id: ins-mute, ip: 127.0.78.99, env: {{PATH: "{folder}/scratch:/usr/bin:/bin"}}}}
    disks:
      - {{id: disk-db, instance: ins-db, tags: {{tier: db}}, content: {data}}}
      - {{id: disk-mute, instance: ins-mute, tags: {{tier: mute}}}}
      - {{id: disk-idle, name: idle, tags: {{tier: rest}}}}
      - {{id: disk-unable, snapshot_ability: false, tags: {{tier: rest}}}}
  ap-singapore:
    disks:
      - {{id: disk-far, tags: {{tier: rest}}}}
"""
POLICIES = """
version: 1
deployment: tests
time_zone: Etc/UTC
targets: [{{region: ap-guangzhou}}, {{region: ap-singapore}}]
agent: {{port: {port}}}
policies:
  databases: {{select: {{tags: {{tier: db}}}}, schedule: "0 0 * * *", window: 1d, quiesce: {{plan: sqlite}}}}
  mute:
    select: {{tags: {{tier: mute}}}}
    schedule: "0 0 * * *"
    window: 1d
    quiesce: {{plan: sqlite, tries: 1}}
  the-rest:
    select: {{tags: {{tier: rest}}}}
    schedule: "0 0 * * *"
    window: 1d
    keep: {{last: 1}}
    drill: {{instance: ins-mute, region: ap-guangzhou, schedule: "0 0 29 2 *", window: 30m}}
events:
  host-ill: {{match: {{type: "cvm:ErrorEvent:*"}}, disks: subject}}
  before-release: {{match: {{type: "ckafka:message", data: {{stage: migrate}}}}, policy: databases}}
  on-call: {{match: {{type: "cbs:CloudEvent:*"}}, disks: data.requestParameters.DiskId, apart: 1m}}
  upload: {{match: {{source: cos, subject: local/requests/*}}, disks: subject}}
  queue: {{match: {{source: cmq}}, disks: data.body}}
"""
AGENT = """[agent]
listen = {ip}:{port}
instance_id = ins-db
key_file = {folder}/keys
runtime_dir = {folder}/run
metadata = off

[plan:sqlite]
steps = sqlite sync
sqlite.databases = {folder}/data/orders.db
disks = {folder}/data=disk-db
"""
TOPIC = "topic-of-the-tests"
OVER = {"succeeded", "failed", "dead"}
NOT_ALLOWED = "AuthFailure.UnauthorizedOperation"
CALLED: dict[str, set[str]] = {}  # what each function has called in this session


@dataclass
class Stage:
    """The running parts."""

    folder: Path
    url: str
    port: int
    database: Path
    agent: Agent

    def reset(self) -> None:
        """Put cloud and host back to where they began: the host's journal would remember, as it should."""
        self.settle()
        refused = note_calls(self.url)
        self.agent.restart_without_memory()
        self._post("/_local/reset")
        assert refused == set(), "for the test before: add it to release/rights.py, python -m release.rights"

    def fire(self) -> dict[str, dict[str, Any]]:
        """Fire the schedule's timer; return the outcomes by disk when everything that came of it is over."""
        return outcomes(self._fired("cbsnap-tick"))

    def look_after(self) -> list[dict[str, Any]]:
        """Fire the timer of `maintain`; return what the pass came to in each region."""
        (one,) = self._fired("cbsnap-upkeep")
        assert one["state"] == "succeeded", one
        found: list[dict[str, Any]] = one["result"]
        return found

    def set_fault(self, **fault: str | int) -> None:
        """Let calls go wrong until the next reset; the fields are those of the local cloud's faults."""
        requests.post(f"{self.url}/_local/faults", json=[fault], timeout=10).raise_for_status()

    def region(self, name: str = REGION) -> Region:
        """Return a region of the cloud, through the core's own adapter."""
        return Region(self.own_api(name))

    def commands(self) -> RegionCommands:
        """Return the command channel to its instances."""
        return RegionCommands(self.own_api())

    def own_api(self, region: str = REGION) -> Api:
        """Return the core's own calls into a region."""
        return Api(region, EnvironmentCredentials(self._credentials()), SystemClock(), self.url)

    def deliver(self, kind: str, message: object) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
        """Deliver another service's messages; return the reactions, and the workers' outcomes by disk."""
        before = {one["request_id"] for one in self.invocations()}
        url = f"{self.url}/_local/events/{kind}/cbsnap-events"
        requests.post(url, json=message, timeout=10).raise_for_status()
        until("all that came of it is over", lambda: self._over(before))
        news = [one for one in self.invocations() if one["request_id"] not in before]
        (told,) = [one for one in news if one["function"] == "cbsnap-events"]
        assert told["state"] == "succeeded", told
        return told["result"], outcomes([one for one in news if one is not told])

    def fault(self, action: str, code: str) -> None:
        """Let the action's next call be answered with an error."""
        self._post("/_local/faults", {"kind": "error", "action": action, "code": code})

    def wiring(self) -> Wiring:
        """Return the wiring of somebody who looks on from outside."""
        return Wiring(
            self._credentials()
            | {"TENCENTCLOUD_REGION": REGION, "CBSNAP_ENDPOINT": self.url, "CBSNAP_LOG_TOPIC": TOPIC}
        )

    def _fired(self, timer: str) -> list[dict[str, Any]]:
        before = {one["request_id"] for one in self.invocations()}
        self._post(f"/_local/timers/{timer}/fire", {"message": "now"})
        until("the run is over", lambda: self._over(before))
        return [one for one in self.invocations() if one["request_id"] not in before]

    def invoke_together(self, event: dict[str, Any], times: int) -> list[dict[str, Any]]:
        """Invoke the worker with one event several times at once; return what came of it."""
        before = {one["request_id"] for one in self.invocations()}
        api = self.own_api()
        params = {
            "FunctionName": "cbsnap-snapshot",
            "InvocationType": "Event",
            "ClientContext": json.dumps(event),
        }
        for _ in range(times):
            api.call("scf", "Invoke", params)
        until("all are over", lambda: self._over(before))
        return [one for one in self.invocations() if one["request_id"] not in before]

    def until_normal(self) -> None:
        """Wait until no snapshot is being made."""
        until("all are whole", lambda: all(one["state"] == "NORMAL" for one in self.snapshots()))

    def settle(self) -> None:
        """Wait until no invocation is under way."""
        until("nothing is under way", lambda: all(one["state"] in OVER for one in self.invocations()))

    def invocations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = requests.get(f"{self.url}/_local/invocations", timeout=10).json()
        return found

    def snapshots(self) -> list[dict[str, Any]]:
        """Return all snapshots, as the cloud itself keeps them."""
        state = requests.get(f"{self.url}/_local/state", timeout=10).json()
        return [one for region in state["regions"] for one in region["snapshots"].values()]

    def api(self, method: str, path: str, token: str | None = TOKEN, **more: Any) -> requests.Response:  # noqa: ANN401
        """Call the gateway at its function URL."""
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        url = f"{self.url}/_local/url/cbsnap-gateway{path}"
        return requests.request(method, url, headers=headers, timeout=60, **more)

    def locked(self) -> bool:
        """Tell whether writers of the host's database have to wait."""
        database = sqlite3.connect(self.database, timeout=0, isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
        finally:
            database.close()
        return False

    def environment(self) -> dict[str, str]:
        """Return what a person's command line finds."""
        return {**self._credentials(), "CBSNAP_ENDPOINT": self.url}

    def _credentials(self) -> dict[str, str]:
        return {"TENCENTCLOUD_SECRETID": "AKIDlocalcloud", "TENCENTCLOUD_SECRETKEY": "localcloud"}

    def _over(self, before: set[str]) -> bool:
        news = [one for one in self.invocations() if one["request_id"] not in before]
        return bool(news) and all(one["state"] in OVER for one in news)

    def _post(self, path: str, body: dict[str, str] | None = None) -> None:
        requests.post(self.url + path, json=body, timeout=10).raise_for_status()


def outcomes(invocations: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Merge the reports of a run: what the worker says of a disk comes after what the schedule said."""
    found: dict[str, dict[str, Any]] = {}
    for one in sorted(invocations, key=lambda one: one["function"] == "cbsnap-snapshot"):
        for report in one["result"] or []:
            found.update({outcome["disk_id"]: outcome for outcome in report.get("outcomes", [])})
    return found


@contextmanager
def built(
    folder: Path, fleet: str = FLEET, policies: str = POLICIES, agent_ini: str = AGENT
) -> Iterator[Stage]:
    """Start everything, and end it with the body."""
    with ExitStack() as processes:
        port, database, agent = processes.enter_context(host(folder, agent_ini))
        scenery = fleet.format(ip=HOST_IP, data=folder / "data", folder=folder)
        lay_out(folder, scenery, policies.format(port=port))
        ready = processes.enter_context(cloud(folder))
        stage = Stage(folder, json.loads(ready.read_text())["url"], port, database, agent)
        yield stage
        assert note_calls(stage.url) == set()


@contextmanager
def host(folder: Path, agent_ini: str = AGENT) -> Iterator[tuple[int, Path, Agent]]:
    """Start a host's agent; yields its port and the database that it guards."""
    with socket.create_server((HOST_IP, 0)) as free:
        port = free.getsockname()[1]
    (folder / "data").mkdir()
    (folder / "agent.ini").write_text(agent_ini.format(ip=HOST_IP, port=port, folder=folder))
    (folder / "keys").touch(mode=0o600)
    (folder / "keys").write_text(f"1 {host_key(MASTER, 1, 'ins-db').hex()}\n")
    database = folder / "data/orders.db"
    made = sqlite3.connect(database)
    made.executescript("PRAGMA journal_mode=WAL; CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    made.close()
    agent = Agent(folder)
    try:
        yield port, database, agent
    finally:
        agent.end()


def lay_out(folder: Path, fleet: str, policies: str) -> None:
    """Write what a cloud with our functions is started with."""
    (folder / "policies").mkdir()
    (folder / "serverless.yml").write_text(_logging_to(TOPIC))
    for part in ("functions", "layers"):
        (folder / part).symlink_to(ROOT / part)
    (folder / "policies/policies.yml").write_text(policies)
    (folder / "fleet.yml").write_text(fleet)


def _logging_to(topic: str) -> str:
    """Return the repository's functions, with a topic for their logs."""
    found = yaml.safe_load((ROOT / "serverless.yml").read_text())
    for function in found["inputs"]["functions"].values():
        function["cls"] = {"topicId": topic}
    return yaml.safe_dump(found)


def note_calls(url: str) -> set[str]:
    """Note what the functions have called since the last reset; return what no right allowed."""
    calls = requests.get(f"{url}/_local/requests", timeout=30).json()["requests"]
    ours = [one for one in calls if one.get("function")]
    for one in ours:
        CALLED.setdefault(one["function"], set()).add(f"{one['service']}:{one['action']}")
    return {
        f"{one['function']} {one['service']}:{one['action']}" for one in ours if one["code"] == NOT_ALLOWED
    }


def until(what: str, holds: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait for a condition of another process."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, f"within {timeout_s} s it did not come about that {what}"
        time.sleep(0.02)


class Agent:
    """The host's agent, which can be killed and started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.process = self._start()

    def restart_without_memory(self) -> None:
        """Start it anew as after a reboot: what it kept in memory is gone."""
        self.end()
        shutil.rmtree(self._folder / "run")
        self.process = self._start()

    def end(self, *, kill: bool = False) -> None:
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self.process.wait(10)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "cbsnap_agent", "serve", "--config", str(self._folder / "agent.ini")]
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT / "agent")})
        until("the agent answers", lambda: _answers(self._folder / "run/agent.sock"))
        return process


@contextmanager
def cloud(folder: Path) -> Iterator[Path]:
    """Start a cloud with our functions, each with the rights of its role and no more."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "localcloud", "serve", "--prefork", "--no-timers"]
    command += ["--fleet", str(folder / "fleet.yml"), "--ready-file", str(ready), "--snapshot-seconds", "1"]
    command += ["--functions", str(folder / "serverless.yml"), "--retry-interval", "0.2"]
    command += ["--rights", str(ROOT / "docs/cam")]
    command += ["--layer", f"cbsnap-policies={folder / 'policies'}", "--env", "CBSNAP_ENDPOINT={url}"]
    command += ["--env", f"CBSNAP_LOG_TOPIC={TOPIC}"]
    environment = {
        **os.environ,
        "CBSNAP_MASTER_KEY": MASTER,
        "CBSNAP_API_TOKENS": ",".join(entries()),
    }
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        until("the local cloud is ready", lambda: ready.exists() or process.poll() is not None)
        try:
            yield ready
        finally:
            process.terminate()


def entries() -> Iterator[str]:
    for token, (scopes, ends) in TOKENS.items():
        yield f"{token.split()[-1]}:{scopes}:{hashlib.sha256(token.encode()).hexdigest()}:{ends}"


def _answers(path: Path) -> bool:
    """Tell whether an agent listens on its socket; it does so last, whatever else it listens on."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
