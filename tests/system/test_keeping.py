"""`cbsnap hosts`, from the command line through the cloud's commands to a real agent, installed as root.

The local cloud runs in a mount namespace with an /etc, an /opt and a /run of its own, so that what is
installed there is installed for real and nowhere else. A launcher stands in for the service manager.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cbsnap.clock import SystemClock
from cbsnap.entry.cli.app import main
from cbsnap.errors import HostUnreachable
from cbsnap.hosts.agent import Agent
from cbsnap.hosts.channel import Channel
from cbsnap.hosts.signature import host_key
from cbsnap.ports import LeaseRequest
from cbsnap.tencent.api import Api
from cbsnap.tencent.commands import RegionCommands
from cbsnap.tencent.credentials import EnvironmentCredentials

from tests.agent.driver import eventually, free_port
from tests.system.loops import missing
from tests.system.servers import served_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.root

ROOT = Path(__file__).parents[2]
MASTER = "7" * 64
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
LEASE = {"operation": "orders@test/ins-db", "plan": "orders", "disk_ids": ("disk-db",), "budget_ms": 20_000}


@dataclass
class Site:
    """A cloud with one host that has nothing of ours yet, and a person with the command line."""

    folder: Path
    url: str
    pid: int
    port: int
    program: Path
    asked: list[Agent] = field(default_factory=list)

    def run(self, *arguments: str, key_version: int = 1) -> tuple[int, list[dict[str, Any]]]:
        """Run `cbsnap hosts …`; return the exit code and what each host came to."""
        environment = {
            **CREDENTIALS,
            "CBSNAP_ENDPOINT": self.url,
            "CBSNAP_MASTER_KEY": MASTER,
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
        found = {f"{one}/{name}" for one in places for name in _names(self.inside(one))}
        users = {"user"} if "cbsnap-agent" in self.inside("/etc/passwd").read_text() else set()
        markers = {one.name for one in (self.folder / "data").glob(".cbsnap-*")}
        return {one for one in found if "launcher" not in one} | users | markers

    def by_port(self, version: int = 1) -> Agent:
        """Return the agent at its port, as the functions ask it with a version of its key."""
        self.asked.append(Agent((IP, self.port), host_key(MASTER, version, "ins-db"), SystemClock()))
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


def _names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()] if folder.is_dir() else []


@pytest.fixture(scope="module")
def place(packed_agent: Path) -> Iterator[Site]:
    for tool in missing("unshare", "setpriv", "openssl"):
        pytest.skip(f"{tool} is not installed")
    folder, port = served_folder("root"), free_port()
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
    ready = folder / "ready.json"
    serve = [sys.executable, "-m", "localcloud", "serve", "--no-timers", "--fleet", str(folder / "fleet.yml")]
    command = [
        "unshare",
        "-m",
        "sh",
        "-c",
        APART.format(folder=folder),
        "sh",
        *serve,
        "--ready-file",
        str(ready),
    ]
    with subprocess.Popen(command, cwd=ROOT) as process:
        eventually(lambda: ready.exists() or process.poll() is not None, 60)
        assert process.poll() is None
        made = Site(folder, json.loads(ready.read_text())["url"], process.pid, port, packed_agent)
        yield made
        made.end()
        process.terminate()
    shutil.rmtree(folder)


@pytest.fixture
def site(place: Site) -> Site:
    """Return a host that has nothing of ours."""
    requests.delete(f"{place.url}/_local/faults", timeout=10).raise_for_status()
    if place.inside("/opt/cbsnap-agent").exists():
        assert place.run("remove", "ins-db", "--yes")[0] == 0
    return place


@pytest.fixture
def enrolled(place: Site) -> Site:
    """Return a host that is enrolled with the first version of its key."""
    keys = place.inside("/etc/cbsnap-agent/keys")
    if not keys.exists() or not keys.read_text().startswith("1 "):
        assert place.enrol()[0] == 0
    return place


def test_a_host_is_enrolled_rekeyed_upgraded_and_left_as_it_was(site: Site) -> None:
    before = site.ours()

    code, (enrolled,) = site.enrol()
    assert (code, enrolled["key_versions"], enrolled["plans"]) == (
        0, ["1"], [{"plan": "orders", "label": "application", "disk_ids": ["disk-db"], "problems": []}],
    ), enrolled  # fmt: skip
    assert site.by_port().check("orders", ["disk-db"]).problems == ()

    code, (seen,) = site.run("status", "ins-db")
    assert (code, seen["plans"], seen["paused"], seen["lease"]) == (0, ["orders"], False, None)
    assert seen["last_command"]["name"] == "cbsnap-tidy"

    code, (rotated,) = site.run("rotate-key", "ins-db", "--yes")
    assert (code, rotated["key_versions"]) == (0, ["1", "2"])
    assert {site.by_port(one).status(5).version for one in (1, 2)} == {enrolled["version"]}
    code, (finished,) = site.run("rotate-key", "ins-db", "--finish", "--yes", key_version=2)
    assert (code, finished["key_versions"]) == (0, ["2"])

    code, (upgraded,) = site.run(
        "upgrade", "ins-db", "--agent", str(site.changed("new.pyz", "9.9.9")), "--yes"
    )
    assert (code, upgraded.get("version")) == (0, "9.9.9"), upgraded
    assert site.by_port(2).status(5).version == "9.9.9"

    code, (removed,) = site.run("remove", "ins-db", "--yes")
    assert (code, site.ours() - before) == (0, set()), removed
    assert site.run("status", "ins-db")[0] == 1


def test_the_key_stands_in_nothing_that_the_cloud_keeps(enrolled: Site) -> None:
    key = host_key(MASTER, 1, "ins-db")

    api = Api("ap-guangzhou", EnvironmentCredentials(CREDENTIALS), SystemClock(), enrolled.url)
    rows = api.read("tat", "DescribeInvocationTasks", {"Limit": 100, "HideOutput": False})[
        "InvocationTaskSet"
    ]
    texts = [base64.b64decode(row["CommandDocument"]["Content"]) for row in rows]
    outputs = [base64.b64decode(row["TaskResult"]["Output"]) for row in rows]
    kept = b"\n".join([*texts, *outputs, requests.get(f"{enrolled.url}/_local/requests", timeout=10).content])

    assert any(b"take-key" in text for text in texts)
    assert key.hex().encode() in enrolled.inside("/etc/cbsnap-agent/keys").read_bytes()
    assert not any(form in kept for form in (key, key.hex().encode(), base64.b64encode(key)))
    assert MASTER.encode() not in kept
    assert "cbsnap-enrol" not in _names(enrolled.inside("/run"))


def test_what_was_cut_off_is_carried_on_by_doing_it_again(site: Site) -> None:
    site.set_fault(kind="error", action="RunCommand", code="ResourceUnavailable.AgentNotInstalled", skip=4)
    code, (cut_off,) = site.enrol()
    site.set_fault(kind="no_answer", action="RunCommand", times=2)

    again, (enrolled,) = site.enrol()

    assert (code, "AgentNotInstalled" in cut_off["error"]) == (1, True)
    assert again == 0, enrolled
    assert site.by_port().status(5).plans == ("orders",)


def test_an_upgrade_waits_for_a_lease_and_breaks_none(enrolled: Site) -> None:
    record = enrolled.by_port().lease(LeaseRequest(lease_id="a" * 32, ttl_s=6, **LEASE))  # type: ignore[arg-type]

    code, (upgraded,) = enrolled.run(
        "upgrade", "ins-db", "--agent", str(enrolled.changed("new.pyz", "9.9.9")), "--yes"
    )

    (ended,) = [enrolled.by_port().release(record.lease_id, {})]
    assert (record.held, code, upgraded.get("version")) == (True, 0, "9.9.9")
    assert (ended.state, ended.verdict) == ("EXPIRED", "broken")  # by its own time, not by the upgrade


def test_a_version_that_does_not_answer_makes_room_for_the_old_one(enrolled: Site) -> None:
    before = enrolled.by_port().status(5).version
    broken = enrolled.changed(
        "broken.pyz", "9.9.9", "def run(config):\n", "def run(config):\n    raise SystemExit(1)\n"
    )

    code, (upgraded,) = enrolled.run("upgrade", "ins-db", "--agent", str(broken), "--yes")

    assert (code, "does not answer" in upgraded["error"]) == (1, True)
    assert enrolled.by_port().status(5).version == before
    assert not enrolled.by_port().status(5).paused
    assert not [one for one in enrolled.ours() if "previous" in one]


def test_a_host_with_no_open_port_is_held_by_command_and_needs_no_key(site: Site) -> None:
    code, (enrolled,) = site.enrol("--transport", "tat")

    record = site.channel().lease(LeaseRequest(lease_id="b" * 32, ttl_s=60, **LEASE))  # type: ignore[arg-type]
    released = site.channel().release(record.lease_id, {})
    refused, (said,) = site.run("rotate-key", "ins-db", "--yes")

    assert (code, enrolled["key_versions"], record.held, released.whole) == (0, [], True, True)
    assert not site.inside("/etc/cbsnap-agent/keys").exists()
    with pytest.raises(HostUnreachable, match="no answer"):
        site.by_port().status(2)
    assert (refused, "no port" in said["error"]) == (1, True)


def test_each_host_is_told_by_itself_and_a_plan_that_lacks_something_says_what(site: Site) -> None:
    (site.folder / "data/orders.db").chmod(0o600)
    (site.folder / "data").chmod(0o755)
    config = ["--config", str(site.folder / "plans.ini"), "--agent", str(site.program)]

    code, items = site.run("enrol", "ins-db", "ins-bare", *config, "--yes")

    told = {one["instance_id"]: one for one in items}
    assert code == 1
    assert "automation agent (TAT)" in told["ins-bare"]["error"]
    assert told["ins-db"]["plans"][0]["problems"], told["ins-db"]


def test_a_finished_rotation_needs_the_version_that_stays(enrolled: Site) -> None:
    code, (said,) = enrolled.run("rotate-key", "ins-db", "--finish", "--to", "5", "--yes")

    assert (code, "version 5" in said["error"]) == (1, True)
    assert enrolled.by_port().status(5).key_versions == ("1",)
