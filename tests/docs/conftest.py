"""One local cloud for all commands of the pages: what they name is there."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.functions import stage as running

from .pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

AGENT = running.AGENT.replace("[plan:sqlite]", "[plan:mysql]").replace("disk-db", "disk-1a2b3c4d")
FLEET = """
regions:
  ap-guangzhou:
    instances:
      - {{id: ins-db, ip: {ip}, tags: {{app: orders}}}}
      - {{id: ins-orders01, ip: 127.0.78.99}}
      - {{id: ins-1a2b3c4d, ip: 127.0.78.98, command_agent: true}}
    disks:
      - {{id: disk-1a2b3c4d, instance: ins-db, tags: {{app: orders, tier: db}}, content: {data}}}
      - {{id: disk-5e6f7a8b, tags: {{app: orders}}}}
    snapshots:
      - {{id: snap-1a2b3c4d, disk: disk-1a2b3c4d, created: @now, name: orders-db.@due.1a2b3c4d, tags: @tags}}
      - {{id: snap-5e6f7a8b, disk: disk-5e6f7a8b, created: @now, name: the-rest.@due.5e6f7a8b}}
  ap-singapore: {{}}
"""
TAGS = '{{"cbsnap:deployment": prod, "cbsnap:policy": orders-db, "cbsnap:label": application}}'
POLICIES = """
deployment: prod
time_zone: UTC
targets: [{{region: ap-guangzhou}}]
agent: {{port: {port}}}
policies:
  orders-db:
    select: {{tags: {{app: orders, tier: db}}}}
    schedule: "0 0 * * *"
    window: 1d
    quiesce: {{plan: mysql}}
    drill: {{instance: ins-1a2b3c4d}}
  the-rest: {{select: {{all: true}}}}
events:
  host-unreachable: {{match: {{type: "cvm:ErrorEvent:*"}}, disks: subject}}
"""
SERVING = "python -m localcloud serve"
UNTIL_READY = """server=$!
trap 'kill $server' EXIT
until test -e ready.json || ! kill -0 $server; do sleep 0.1; done
test -e ready.json"""


@dataclass
class Shell:
    """A terminal in a copy of the checkout, before the cloud of the pages."""

    folder: Path
    environment: dict[str, str]

    def run(self, commands: Sequence[str]) -> tuple[list[int], str]:
        """Run commands one after the other; return their exit codes, and all that was said."""
        codes = self.folder / "codes"
        codes.unlink(missing_ok=True)
        done = subprocess.run(
            ["bash", "-c", "\n".join(map(_noted, commands))],
            cwd=self.folder,
            env={**self.environment, "CODES": str(codes)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return [int(code) for code in codes.read_text().split()], done.stdout + done.stderr


def _noted(command: str) -> str:
    """Return a command that notes its exit code; a server's is that it has become ready."""
    if command.startswith(SERVING):
        command = f"{command.rstrip(' &')} &\n{UNTIL_READY}"
    return f'{command}\necho $? >> "$CODES"'


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[running.Stage]:
    due = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    fleet = FLEET.replace("@now", due.isoformat()).replace("@due", f"{due:%Y%m%dT%H%MZ}")
    with running.built(
        tmp_path_factory.mktemp("docs"), fleet.replace("@tags", TAGS), POLICIES, AGENT
    ) as stage:
        yield stage


@pytest.fixture
def shell(cloud: running.Stage, tmp_path: Path) -> Shell:
    for name in ("agent", "functions", "layers", "serverless.yml", "Makefile"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "policies.yml").write_bytes((cloud.folder / "policies/policies.yml").read_bytes())
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return Shell(tmp_path, _environment(cloud, tmp_path))


def _environment(cloud: running.Stage, home: Path) -> dict[str, str]:
    gateway = f"{cloud.url}/_local/url/cbsnap-gateway"
    return {
        "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join(str(ROOT / one) for one in (".", "layers/cbsnap", "agent")),
        "CBSNAP_ENDPOINT": cloud.url,
        "CBSNAP_MASTER_KEY": running.MASTER,
        "TENCENTCLOUD_SECRETID": "AKIDlocalcloud",
        "TENCENTCLOUD_SECRETKEY": "localcloud",
        "LOCALCLOUD": cloud.url,
        "URL": gateway,
        "TOKEN": running.TOKEN,
    }
