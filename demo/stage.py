"""The scenery: two hosts with a database under load and an agent each, and the cloud with our functions."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import socket
import sqlite3
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import requests
import yaml

from demo.processes import running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parent.parent
HOSTS = {
    "orders": ("ins-orders01", "disk-orders01", "127.0.77.11"),
    "billing": ("ins-billing1", "disk-billing1", "127.0.77.12"),
}
ORDERS_BEFORE_START = 200
TOPIC = "topic-of-the-demo"  # of the functions' logs, which say how long hosts were held
AGENT = """[agent]
listen = {ip}:{port}
instance_id = {instance}
key_file = {folder}/keys
runtime_dir = {folder}/run
metadata = off

[plan:sqlite]
steps = sqlite sync
sqlite.databases = {folder}/data/{name}.db
disks = {folder}/data={disk}
"""


@dataclass(frozen=True)
class Stage:
    """Where things are: the cloud, two tokens of the API (for all, to read), the databases by disk id."""

    url: str
    token: str
    reader: str
    databases: dict[str, Path]


@dataclass(frozen=True)
class Scenery:
    """What is shown: fleet and policy file, what is filled into them, and how the cloud is served."""

    fleet: Path
    policies: Path
    options: tuple[str, ...]
    values: Mapping[str, str] = field(default_factory=dict)


MAIN_JOB = Scenery(
    ROOT / "demo/fleet.yml", ROOT / "demo/policies.yml", ("--no-timers", "--snapshot-seconds", "6")
)


@contextmanager
def built(folder: Path, scenery: Scenery = MAIN_JOB) -> Iterator[Stage]:
    """Start everything below a folder, and end it with the body."""
    master, token, reader = secrets.token_hex(32), secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    port = _free_port()
    with ExitStack() as processes:
        for name in HOSTS:
            _start_host(name, folder / name, master, port, processes)
        contents = {name: str(folder / name / "data") for name in HOSTS}
        _fill(scenery.fleet, folder / "fleet.yml", {**contents, **scenery.values})
        minute = str(datetime.now(timezone.utc).minute)
        (folder / "policies").mkdir()
        _fill(scenery.policies, folder / "policies/policies.yml", {"port": str(port), "minute": minute})
        url = _start_cloud(folder, master, _tokens(admin=token, read=reader), scenery.options, processes)
        yield Stage(
            url,
            token,
            reader,
            {disk: folder / name / f"data/{name}.db" for name, (_, disk, _) in HOSTS.items()},
        )


def _start_host(name: str, folder: Path, master: str, port: int, processes: ExitStack) -> None:
    instance, disk, ip = HOSTS[name]
    (folder / "data").mkdir(parents=True)
    database = folder / f"data/{name}.db"
    keys = folder / "keys"
    keys.touch(mode=0o600)
    keys.write_text(f"1 {_host_key(master, instance)}\n")
    config = folder / "agent.ini"
    config.write_text(AGENT.format(ip=ip, port=port, instance=instance, folder=folder, name=name, disk=disk))
    writer = [sys.executable, str(ROOT / "demo/writer.py"), str(database)]
    processes.enter_context(running(writer, folder / "writer.log", os.environ))
    wait_for(f"the database of {name}", lambda: _orders(database) >= ORDERS_BEFORE_START)
    agent = [sys.executable, "-m", "cbsnap_agent", "serve", "--config", str(config)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "agent")}
    processes.enter_context(running(agent, folder / "agent.log", environment))
    wait_for(f"the agent of {name}", lambda: _answers(f"http://{ip}:{port}/v1/hello"))


def _start_cloud(folder: Path, master: str, tokens: str, options: Iterable[str], processes: ExitStack) -> str:
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "localcloud", "serve"]
    command += ["--fleet", str(folder / "fleet.yml"), "--ready-file", str(ready), *options]
    command += ["--functions", str(_functions(folder)), "--retry-interval", "2"]
    command += ["--env", f"CBSNAP_LOG_TOPIC={TOPIC}"]
    command += ["--layer", f"cbsnap-policies={folder / 'policies'}", "--env", "CBSNAP_ENDPOINT={url}"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CBSNAP_MASTER_KEY": master,
        "CBSNAP_API_TOKENS": tokens,
    }
    processes.enter_context(running(command, folder / "cloud.log", environment))
    wait_for("the local cloud", ready.exists)
    url: str = json.loads(ready.read_text())["url"]
    return url


def _functions(folder: Path) -> Path:
    """Return the repository's functions as a file, with a topic for their logs."""
    found = yaml.safe_load((ROOT / "serverless.yml").read_text(encoding="utf-8"))
    for function in found["inputs"]["functions"].values():
        function["cls"] = {"topicId": TOPIC}
    for part in ("functions", "layers"):
        (folder / part).symlink_to(ROOT / part)
    file = folder / "serverless.yml"
    file.write_text(yaml.safe_dump(found), encoding="utf-8")
    return file


def _tokens(**by_scope: str) -> str:
    """Return what the gateway is told of its tokens."""
    digests = {scope: hashlib.sha256(token.encode()).hexdigest() for scope, token in by_scope.items()}
    return ",".join(f"demo-{scope}:{scope}:{digest}:9999-12-31" for scope, digest in digests.items())


def _host_key(master: str, instance: str) -> str:
    return hmac.new(bytes.fromhex(master), f"cbsnap-host-v1\n1\n{instance}".encode(), "sha256").hexdigest()


def _fill(template: Path, into: Path, values: dict[str, str]) -> None:
    into.write_text(Template(template.read_text()).substitute(values))


def _orders(database: Path) -> int:
    if not database.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as reader:
            orders: int = reader.execute("SELECT count(*) FROM orders").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # not filled yet
    reader.close()
    return orders


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.ConnectionError:
        return False


def _free_port() -> int:
    """Return a port that is free on both hosts' addresses."""
    with socket.socket() as one:
        one.bind(("0.0.0.0", 0))  # noqa: S104 - free on every address of the machine; closed at once
        port: int = one.getsockname()[1]
    return port
