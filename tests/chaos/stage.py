"""A lane of the suite: a local cloud with our functions, two hosts under load, and links between them all.

One stage takes one case after the other. Its addresses are its own, so that several can stand side by side.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tests.chaos import core, processes
from tests.chaos.cases import DISKS, LOOSE, TTL_S
from tests.chaos.cloud import MAINTAIN, REGION, SCHEDULE, LocalCloud
from tests.chaos.core import ROOT
from tests.chaos.host import PLAN, READY_S, Host
from tests.chaos.link import Link
from tests.chaos.saboteur import Saboteur

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.cases import Case
    from tests.chaos.core import Change

SNAPSHOT_S = 1.5
RETRY_S = 0.3  # a minute on the platform
TIME_LIMIT_S = 20
BUDGET_S = 3
POLICIES = """version: 1
deployment: chaos
time_zone: Etc/UTC
targets: [{{region: {region}}}]
agent: {{port: {port}}}
policies:
  db-{number}:
    select: {{tags: {{tier: db}}}}
    group: instance
    schedule: "{due}"
    window: 23h
    keep: {{last: 1}}
    quiesce: {{plan: {plan}, on_failure: {case.on_failure}, tries: {case.tries}, thaw: {case.thaw},
               ttl: {ttl_s}s, budget: {budget_s}s}}
  rest-{number}:
    select: {{tags: {{tier: rest}}}}
    schedule: "{due}"
    window: 23h
    keep: {{last: 1}}
"""


@dataclass
class Stage:
    """The running parts."""

    folder: Path
    cloud: LocalCloud
    hosts: dict[str, Host]
    saboteur: Saboteur
    port: int
    links: list[Link] = field(default_factory=list)

    def prepare(self, case: Case) -> None:
        """Make everything as it is before a case: policies of its own, an empty cloud, agents that run."""
        due = datetime.now(timezone.utc) - timedelta(minutes=1)  # so that this is the run's first turn
        self._policies.write_text(
            POLICIES.format(
                region=REGION,
                port=self.port,
                number=case.number,
                due=f"{due.minute} {due.hour} * * *",
                plan=PLAN,
                case=case,
                ttl_s=TTL_S,
                budget_s=BUDGET_S,
            )
        )
        self.cloud.reset()
        for pid in self.cloud.idle(SCHEDULE, MAINTAIN):  # they have read the last case's policies
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for host in self.hosts.values():
            host.start()

    @property
    def _policies(self) -> Path:
        return self.folder / "policies/policies.yml"


@contextmanager
def built(folder: Path, *changes: Change) -> Iterator[Stage]:
    """Start everything below `folder`, with these changes to the core, and end it with the body."""
    net = f"127.{80 + secrets.randbelow(100)}.{secrets.randbelow(256)}"
    port = _free_port(f"{net}.1")
    master = secrets.token_hex(32)
    hosts = {
        instance: Host(instance, f"{net}.{200 + place}", port, disks, folder / instance, master)
        for place, (instance, disks) in enumerate(DISKS.items())
    }
    with ExitStack() as running:
        for host in hosts.values():
            host.lay_out()
        running.enter_context(_writing(hosts))
        for host in hosts.values():
            running.callback(host.end)
            host.start()
        cloud = LocalCloud()
        saboteur = Saboteur(hosts, cloud)
        far = _free_port("127.0.0.1")
        to_cloud = Link("cloud", ("127.0.0.1", 0), ("127.0.0.1", far), saboteur.judge)
        links = [to_cloud]
        for place, (instance, host) in enumerate(hosts.items()):
            links.append(Link(instance, (_seen_at(net, place), port), (host.ip, port), saboteur.judge))
        for link in links:
            running.callback(link.close)
        _describe(folder, hosts, net)
        layer = core.copy(folder, *changes)
        cloud.url = running.enter_context(_cloud(folder, layer, far, to_cloud.port, master))
        yield Stage(folder, cloud, hosts, saboteur, port, links)


def _seen_at(net: str, place: int) -> str:
    """Return the address that an instance has in the cloud: a link listens there."""
    return f"{net}.{100 + place}"


def _describe(folder: Path, hosts: dict[str, Host], net: str) -> None:
    """Write the fleet, and the functions as they are deployed but for their time limits."""
    fleet = {
        "instances": [{"id": instance, "ip": _seen_at(net, place)} for place, instance in enumerate(hosts)],
        "disks": [
            {"id": disk, "instance": instance, "tags": {"tier": "db"}, "content": str(host.disk(disk))}
            for instance, host in hosts.items()
            for disk in host.disks
        ]
        + [{"id": LOOSE, "tags": {"tier": "rest"}}],
    }
    (folder / "fleet.yml").write_text(yaml.safe_dump({"regions": {REGION: fleet}}))
    deployed = yaml.safe_load((ROOT / "serverless.yml").read_text())
    for function in deployed["inputs"]["functions"].values():
        function["src"] = str(ROOT / function["src"])
        function["timeout"] = min(TIME_LIMIT_S, function["timeout"])
    (folder / "serverless.yml").write_text(yaml.safe_dump(deployed, sort_keys=False))
    (folder / "policies").mkdir()
    (folder / "policies/policies.yml").touch()


@contextmanager
def _writing(hosts: dict[str, Host]) -> Iterator[None]:
    """Keep every database under load."""
    pairs = [str(path) for host in hosts.values() for path in (host.database, host.diary)]
    command = [sys.executable, str(Path(__file__).with_name("writer.py")), *pairs]
    with subprocess.Popen(command) as writer:
        try:
            for host in hosts.values():
                started = partial(_has_committed, host.diary)
                processes.until(f"{host.instance} has a database", started, READY_S)
            yield
        finally:
            writer.kill()


def _has_committed(diary: Path) -> bool:
    return diary.exists() and "commit" in diary.read_text()


@contextmanager
def _cloud(folder: Path, layer: Path, port: int, link_port: int, master: str) -> Iterator[str]:
    """Serve the local cloud; functions reach it over the link. Yields its own address."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "localcloud", "serve", "--port", str(port), "--ready-file", str(ready)]
    command += ["--prefork", "--no-timers", "--retry-interval", str(RETRY_S)]
    command += ["--snapshot-seconds", str(SNAPSHOT_S), "--rate", "0", "--fleet", str(folder / "fleet.yml")]
    command += ["--functions", str(folder / "serverless.yml"), "--layer", f"cbsnap={layer}"]
    command += ["--layer", f"cbsnap-policies={folder / 'policies'}"]
    for part in ("deps", "http", "notify"):
        command += ["--layer", f"cbsnap-{part}={ROOT / 'layers' / part / 'build'}"]
    command += ["--env", f"CBSNAP_ENDPOINT=http://127.0.0.1:{link_port}"]
    environment = {**os.environ, "CBSNAP_MASTER_KEY": master, "CBSNAP_API_TOKENS": ""}
    with (folder / "cloud.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log)
    try:
        processes.until(
            "the local cloud is ready", lambda: ready.exists() or process.poll() is not None, READY_S
        )
        if not ready.exists():
            raise RuntimeError((folder / "cloud.log").read_text())
        yield json.loads(ready.read_text())["url"]
    finally:
        processes.end(process)


def _free_port(address: str) -> int:
    """Return a port that is free at an address, and in a net that nobody else has at all of its addresses."""
    with socket.create_server((address, 0)) as free:
        port: int = free.getsockname()[1]
    return port
