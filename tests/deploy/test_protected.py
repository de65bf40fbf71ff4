"""The way of a new user: the project packaged, deployed over the API alone, and disks that are protected.

All that runs in the cloud is what `cbsnap deploy` has sent. The packages are release's own, but for the
layers of pinned packages, which are copied from the Python that runs the tests instead of being fetched.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
import zipfile
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests

from release import wheels
from tests.deploy.checkout import Checkout
from tests.deploy.conftest import serving
from tests.functions import stage
from tests.functions.stage import FLEET, HOST_IP, MASTER, ROOT, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLICIES = """version: 1
deployment: prod
time_zone: Etc/UTC
targets: [{{region: ap-guangzhou}}]
agent: {{port: {port}}}
policies:
  databases: {{select: {{tags: {{tier: db}}}}, schedule: "0 0 * * *", window: 1d, quiesce: {{plan: sqlite}}}}
"""

POLICIES_ONLY = {"cbsnap-policies"}


def test_from_a_checkout_to_protected_disks_and_back(tmp_path: Path) -> None:
    if sys.version_info[:2] != tuple(map(int, wheels.PYTHON.split("."))):
        pytest.skip(f"what is deployed is for Python {wheels.PYTHON}")
    with account(tmp_path) as (here, checkout):
        before = untouched(here)

        planned = checkout.run("deploy", "--dry-run", "--json")
        first = checkout.deploy()
        assert first.value["plan"] == planned.value["plan"]
        assert set(checkout.deploy().actions().values()) == {"same"}
        taken = here.fire()
        assert taken["disk-db"]["label"] == "application", taken
        (snapshot,) = here.snapshots()
        assert snapshot["disk_id"] == "disk-db"
        assert versions_called(here) == {"1"}
        assert here.api("GET", "/v1/disks").status_code == 200

        checkout.change("layers/policies/policies.yml", "tier: db", "tier: rest")
        checkout.package()
        changed = checkout.deploy()
        assert {
            name for name, action in changed.actions("layer").items() if action != "same"
        } == POLICIES_ONLY
        assert "disk-idle" in here.fire()
        assert versions_called(here) == {"1", "2"}

        checkout.deploy("--rollback")
        assert set(here.fire()) == {"disk-db"}

        ended = checkout.run("destroy", "--confirm", "prod", "--json")
        assert (ended.code, ended.value["left"]) == (0, [])
        assert untouched(here) == before
        assert len(here.snapshots()) > 0


@contextmanager
def account(folder: Path) -> Iterator[tuple[Stage, Checkout]]:
    """Yield an account with a host and disks in which nothing is deployed, and a checkout of the project."""
    with ExitStack() as processes:
        port, database, agent = processes.enter_context(stage.host(folder))
        (folder / "fleet.yml").write_text(FLEET.format(ip=HOST_IP, data=folder / "data", folder=folder))
        options = ["--fleet", str(folder / "fleet.yml"), "--snapshot-seconds", "1"]
        options += ["--env", "CBSNAP_ENDPOINT={url}", "--rights", str(ROOT / "docs/cam")]
        url = processes.enter_context(serving(folder / "ready.json", *options))
        variables = {"CBSNAP_MASTER_KEY": MASTER, "CBSNAP_API_TOKENS": ",".join(stage.entries())}
        yield (
            Stage(folder, url, port, database, agent),
            Checkout(project(folder / "project", port), url, variables),
        )


def project(root: Path, port: int, policies: str = POLICIES) -> Path:
    """Copy what is deployed of this project, with policies for the test; packaged."""
    for part in ("functions", "layers"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__", "build"))
    shutil.copy(ROOT / "serverless.yml", root)
    (root / "layers/policies/policies.yml").write_text(policies.format(port=port))
    for lock in root.glob("layers/*/requirements.txt"):
        put_wheels(lock, wheels.folder(lock, root.resolve() / "build"))
    Checkout(root, "").package()
    return root


def put_wheels(lock: Path, folder: Path) -> None:
    """Put what a lock file pins where the build looks for its wheels, from this Python's own packages."""
    folder.mkdir(parents=True)
    for name in set(re.findall(r"^([a-z0-9-]+)==", lock.read_text(), re.MULTILINE)):
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:  # for another version of Python
            continue
        wheel = folder / f"{name.replace('-', '_')}-{package.version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as made:
            for one in package.files or ():
                if ".." not in one.parts and one.suffix != ".pyc":
                    made.write(one.locate(), str(one))


def versions_called(here: Stage) -> set[str]:
    """Return which versions of the worker have been called."""
    calls = [one for one in here.invocations() if one["function"] == "cbsnap-snapshot"]
    return {attempt["version"] for one in calls for attempt in one["attempts"]}


def untouched(here: Stage) -> dict[str, Any]:
    """Return what a deployment could leave behind: functions, layers, timers, processes."""
    state = requests.get(f"{here.url}/_local/state", timeout=10).json()["runtime"]
    return {name: state[name] for name in ("deployed", "timers", "instances")}
