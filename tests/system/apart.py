"""A cloud with hosts on which things are installed for real, and nowhere else; and a person who enrols them.

The local cloud runs in a mount namespace with an /etc, an /opt and a /run of its own. A launcher stands in
for the service manager.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from cbsnap.clock import SystemClock
from cbsnap.entry.cli.app import main
from cbsnap.hosts.agent import Agent
from cbsnap.hosts.channel import Channel
from cbsnap.hosts.signature import host_key
from cbsnap.tencent.api import Api
from cbsnap.tencent.commands import RegionCommands
from cbsnap.tencent.credentials import EnvironmentCredentials

from tests.agent.driver import eventually, free_port
from tests.system.servers import served_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
MASTER = "7" * 64
TOOLS = ("unshare", "setpriv", "openssl")
IP = "127.0.78.31"
FLEET = """
regions:
  ap-guangzhou:
    instances:
      - {{id: ins-db, ip: {ip}, env: {{PATH: "{folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}}}}
      - {{id: ins-bare, ip: 127.0.78.32, command_agent: false}}
    disks: [{{id: disk-db, instance: ins-db}}]
"""
POLICIES = """
targets: [{{region: ap-guangzhou}}]
agent: {{port: {port}}}
policies: {{orders: {{select: {{instances: [ins-db]}}, quiesce: {{plan: orders}}}}}}
"""
PLANS = """[agent]
metadata = off

[plan:orders]
steps = sqlite sync
sqlite.databases = {folder}/data/orders.db
disks = {folder}/data=disk-db
"""
CREDENTIALS = {"TENCENTCLOUD_SECRETID": "AKIDlocalcloud", "TENCENTCLOUD_SECRETKEY": "localcloud"}
APART = """set -e
mkdir {folder}/etc; cp -a /etc/. {folder}/etc; mount --bind {folder}/etc /etc
mount -t tmpfs tmpfs /opt; mount -t tmpfs tmpfs /run
mkdir -p /etc/systemd/system
exec "$@"
"""


@dataclass
class Site:
    """A cloud with one host that has nothing of ours yet, and a person with the command line."""

    folder: Path
    url: str
    pid: int
    port: int
    program: Path
    master: str = MASTER
    asked: list[Agent] = field(default_factory=list)

    def run(self, *arguments: str, key_version: int = 1) -> tuple[int, list[dict[str, Any]]]:
        """Run `cbsnap hosts …`; return the exit code and what each host came to."""
        environment = {
            **CREDENTIALS,
            "CBSNAP_ENDPOINT": self.url,
            "CBSNAP_MASTER_KEY": self.master,
            "CBSNAP_KEY_VERSION": str(key_version),
        }
        told = io.StringIO()
        with redirect_stdout(told):
            code = main(
                ["--policies", str(self.folder / "policies.yml"), "hosts", *arguments, "--json"], environment
            )
        printed: dict[str, Any] = json.loads(told.getvalue())
        return code, printed.get("items", [printed])

    def enrol(self, *more: str) -> tuple[int, list[dict[str, Any]]]:
        """Enrol the host."""
        config = ["--config", str(self.folder / "plans.ini"), "--agent", str(self.program)]
        return self.run("enrol", "ins-db", *config, "--yes", *more)

    def inside(self, path: str) -> Path:
        """Return a path as the host sees it."""
        return Path(f"/proc/{self.pid}/root{path}")

    def ours(self) -> set[str]:
        """Return what there is of ours on the host."""
        places = ("/opt", "/etc/cbsnap-agent", "/etc/systemd/system", "/run", "/run/cbsnap-agent")
        found = {f"{one}/{name}" for one in places for name in names_in(self.inside(one))}
        users = {"user"} if "cbsnap-agent" in self.inside("/etc/passwd").read_text() else set()
        markers = {one.name for one in (self.folder / "data").glob(".cbsnap-*")}
        return {one for one in found if "launcher" not in one} | users | markers

    def by_port(self, version: int = 1) -> Agent:
        """Return the agent at its port, as the functions ask it with a version of its key."""
        self.asked.append(Agent((IP, self.port), host_key(self.master, version, "ins-db"), SystemClock()))
        return self.asked[-1]

    def channel(self) -> Channel:
        """Return the agent by command."""
        return Channel("ins-db", self.commands(), SystemClock())

    def commands(self) -> RegionCommands:
        api = Api("ap-guangzhou", EnvironmentCredentials(CREDENTIALS), SystemClock(), self.url)
        return RegionCommands(api)

    def set_fault(self, **fault: object) -> None:
        requests.post(f"{self.url}/_local/faults", json=[fault], timeout=10).raise_for_status()

    def changed(self, name: str, version: str, old: str = "", new: str = "") -> Path:
        """Return another agent's file: of another version, and with other words in its server."""
        target = self.folder / name
        packed = io.BytesIO()
        with zipfile.ZipFile(self.program) as source, zipfile.ZipFile(packed, "w") as archive:
            for entry in source.namelist():
                text = source.read(entry).decode()
                if entry == "cbsnap_agent/__init__.py":
                    text = f'"""Another version."""\n\n__version__ = "{version}"\n'
                if entry == "cbsnap_agent/serve.py":
                    assert old in text
                    text = text.replace(old, new)
                archive.writestr(entry, text)
        target.write_bytes(b"#!/usr/bin/env python3\n" + packed.getvalue())
        return target

    def end(self) -> None:
        for one in self.asked:
            one.close()
        pid = self.inside("/run/launcher.pid")
        if pid.exists():
            os.kill(int(pid.read_text()), 15)


def names_in(folder: Path) -> list[str]:
    """Return what is in a folder, nothing where there is none."""
    return [one.name for one in folder.iterdir()] if folder.is_dir() else []


@contextmanager
def apart(program: Path, *options: str) -> Iterator[Site]:
    """Serve a cloud with one host apart from this machine; `options` are of `localcloud serve`."""
    folder, port = served_folder("root"), free_port()
    lay_out(folder, port)
    ready = folder / "ready.json"
    serve = [sys.executable, "-m", "localcloud", "serve", "--no-timers", "--ready-file", str(ready), *options]
    serve += ["--fleet", str(folder / "fleet.yml")]
    command = ["unshare", "-m", "sh", "-c", APART.format(folder=folder), "sh", *serve]
    with subprocess.Popen(command, cwd=ROOT) as process:
        eventually(lambda: ready.exists() or process.poll() is not None, 60)
        assert process.poll() is None
        made = Site(folder, json.loads(ready.read_text())["url"], process.pid, port, program)
        try:
            yield made
        finally:
            made.end()
            process.terminate()
    shutil.rmtree(folder)


def lay_out(folder: Path, port: int) -> None:
    """Write what the host has, and the files of the person who enrols it."""
    (folder / "bin").mkdir()
    launcher = shutil.copy(ROOT / "tests/system/launcher.py", folder / "bin/systemctl")
    Path(launcher).chmod(0o755)
    (folder / "data").mkdir(mode=0o777)
    (folder / "data").chmod(0o777)
    database = sqlite3.connect(folder / "data/orders.db")
    database.executescript("PRAGMA journal_mode=WAL; CREATE TABLE orders (id INTEGER)")
    database.close()
    (folder / "data/orders.db").chmod(0o666)
    (folder / "fleet.yml").write_text(FLEET.format(ip=IP, folder=folder))
    (folder / "policies.yml").write_text(POLICIES.format(port=port))
    (folder / "plans.ini").write_text(PLANS.format(folder=folder))
