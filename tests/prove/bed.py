"""The test bed: disks that can be cut, a busy host with an agent for each workload, the cloud, our functions.

A disk is an image on XFS, where the local cloud cuts it by reflink: at one instant, as a snapshot is.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from cbsnap.hosts.signature import host_key

from tests.agent.driver import eventually
from tests.prove import mariadb, postgresql
from tests.prove.files import DISK as FILES_DISK
from tests.prove.files import Files
from tests.prove.modes import MODES
from tests.system.loops import Loop, run
from tests.system.servers import served_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.prove.workloads import Workload

ROOT = Path(__file__).parents[2]
PORT = 9781
STORE_MIB, DISK_MIB = 40 << 10, 6144  # sparse: what is written takes room, for all trials of a run
HOSTS = {"mariadb": "127.0.79.11", "postgresql": "127.0.79.12", "files": "127.0.79.13"}
DISKS = {
    "mariadb": (mariadb.DISK,),
    "postgresql": (postgresql.DATA, postgresql.WAL),
    "files": (FILES_DISK,),
}
AGENT = """[agent]
listen = {ip}:{port}
instance_id = ins-{name}
key_file = {folder}/keys
runtime_dir = {folder}/run
metadata = off
"""
POLICIES = f"""version: 1
deployment: proof
targets: [{{region: ap-guangzhou}}]
agent: {{port: {PORT}}}
policies: {{none: {{select: {{disks: [disk-none]}}, schedule: "0 0 1 1 *"}}}}
"""


@dataclass(frozen=True)
class Bed:
    """What runs: the cloud's address, the API's token, the workloads by name, and a folder for mounts."""

    url: str
    token: str
    workloads: Mapping[str, Workload]
    folder: Path


@contextmanager
def built(names: set[str]) -> Iterator[Bed]:
    """Start these workloads and everything that they need; end it all with the body."""
    with ExitStack() as undo:
        folder = served_folder("root")
        undo.callback(shutil.rmtree, folder)
        run("mount", "--bind", str(folder), str(folder))
        undo.callback(run, "umount", str(folder))
        run("mount", "--make-shared", str(folder))  # the functions' own views follow what is unmounted in it
        store = _loop(folder / "store.img", folder / "store", "xfs", STORE_MIB, undo)
        agent = folder / "cbsnap-agent.pyz"
        build = [sys.executable, str(ROOT / "agent/build.py"), str(agent)]
        subprocess.run(build, check=True, capture_output=True)
        workloads = {name: _workload(name, folder, store, agent, undo) for name in sorted(names)}
        master, token = secrets.token_hex(32), secrets.token_urlsafe(24)
        for name, workload in workloads.items():
            workload.start()
            undo.callback(workload.stop)
            _start_agent(workload, HOSTS[name], folder, agent, master, undo)
        url = _start_cloud(workloads, folder, store, master, token, undo)
        yield Bed(url, token, workloads, folder)


def _loop(image: Path, mount: Path, fstype: str, size_mib: int, undo: ExitStack) -> Loop:
    loop = Loop(image, mount, fstype, size_mib).make()
    undo.callback(loop.remove)
    undo.callback(loop.thaw)
    return loop


def _workload(name: str, folder: Path, store: Loop, agent: Path, undo: ExitStack) -> Workload:
    disks = [
        _loop(store.mount / f"{disk}.img", folder / disk, "ext4", DISK_MIB, undo) for disk in DISKS[name]
    ]
    if name == "mariadb":
        return mariadb.Shop(disks[0], agent)
    return postgresql.Bank(disks[0], disks[1]) if name == "postgresql" else Files(disks[0])


def _start_agent(  # noqa: PLR0913, PLR0917 - a host's parts
    workload: Workload, ip: str, folder: Path, program: Path, master: str, undo: ExitStack
) -> None:
    home = folder / f"agent-{workload.name}"
    home.mkdir()
    config = AGENT.format(ip=ip, port=PORT, name=workload.name, folder=home)
    for mode in MODES:
        if mode.workload == workload.name and mode.plan and not mode.cut_late:
            config += f"\n[plan:{mode.plan}]\n{workload.plan(mode.steps)}{mode.more}\n"
    (home / "agent.ini").write_text(config)
    (home / "keys").touch(mode=0o600)
    (home / "keys").write_text(f"1 {host_key(master, 1, f'ins-{workload.name}').hex()}\n")
    command = [sys.executable, str(program), "serve", "--config", str(home / "agent.ini")]
    _running(command, home / "log", undo)
    eventually(lambda: _answers(f"http://{ip}:{PORT}/v1/hello"), within_s=20)


def _start_cloud(  # noqa: PLR0913, PLR0917 - a cloud's parts
    workloads: Mapping[str, Workload], folder: Path, store: Loop, master: str, token: str, undo: ExitStack
) -> str:
    instances = [{"id": f"ins-{name}", "ip": HOSTS[name]} for name in workloads]
    disks = [
        {"id": disk, "instance": f"ins-{name}", "content": str(loop.image), "size_gib": 10}
        for name, workload in workloads.items()
        for disk, loop in workload.volumes.items()
    ]
    fleet = {"regions": {"ap-guangzhou": {"instances": instances, "disks": disks}}}
    (folder / "fleet.yml").write_text(json.dumps(fleet))
    (folder / "policies").mkdir()
    (folder / "policies/policies.yml").write_text(POLICIES)
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "localcloud", "serve", "--prefork", "--no-timers"]
    command += ["--fleet", str(folder / "fleet.yml"), "--ready-file", str(ready)]
    command += [
        "--disks",
        str(store.mount / "cloud"),
        "--snapshot-seconds",
        "1",
        "--operation-seconds",
        "0.2",
    ]
    command += ["--functions", str(ROOT / "serverless.yml"), "--env", "CBSNAP_ENDPOINT={url}"]
    command += ["--layer", f"cbsnap-policies={folder / 'policies'}"]
    digest = hashlib.sha256(token.encode()).hexdigest()
    secret = {"CBSNAP_MASTER_KEY": master, "CBSNAP_API_TOKENS": f"proof:admin:{digest}:2099-01-01"}
    _running(command, folder / "cloud.log", undo, secret)
    eventually(ready.exists, within_s=60)
    url: str = json.loads(ready.read_text())["url"]
    return url


def _running(command: list[str], log: Path, undo: ExitStack, more: Mapping[str, str] | None = None) -> None:
    output = undo.enter_context(log.open("wb"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(more or {})}
    process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    undo.callback(process.wait)
    undo.callback(process.terminate)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.ConnectionError:
        return False
