"""From a checkout to protected disks and back, with hosts that are enrolled: all of it over the cloud's API.

The deployed worker asks an agent that `cbsnap hosts enrol` has installed as root, apart from this machine.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests

from release import rights, wheels
from tests.deploy.called import noted
from tests.deploy.checkout import Checkout
from tests.deploy.test_protected import project, versions_called
from tests.functions.stage import MASTER, ROOT, Agent, Stage, entries
from tests.system.apart import TOOLS, apart
from tests.system.loops import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.apart import Site

pytestmark = pytest.mark.root

SECONDS = ("--snapshot-seconds", "0.2", "--retry-interval", "0.2")
POLICIES = """version: 1
deployment: prod
time_zone: Etc/UTC
targets: [{{region: ap-guangzhou}}]
agent: {{port: {port}}}
policies:
  orders: {{select: {{instances: [ins-db]}}, schedule: "0 0 * * *", window: 1d, quiesce: {{plan: orders}}}}
"""


@pytest.fixture
def site(packed_agent: Path) -> Iterator[Site]:
    """Return an account in which nothing is deployed, and a host with nothing of ours."""
    for tool in missing(*TOOLS):
        pytest.skip(f"{tool} is not installed")
    if sys.version_info[:2] != tuple(map(int, wheels.PYTHON.split("."))):
        pytest.skip(f"what is deployed is for Python {wheels.PYTHON}")
    serving = ("--env", "CBSNAP_ENDPOINT={url}", "--rights", str(ROOT / "docs/cam"), "--prefork")
    with apart(packed_agent, *SECONDS, *serving) as made:
        yield made


def test_hosts_are_enrolled_held_by_what_was_deployed_and_all_is_as_before(
    site: Site, tmp_path: Path
) -> None:
    site.master = MASTER
    (site.folder / "policies.yml").write_text(POLICIES.format(port=site.port))
    secrets = {"CBSNAP_MASTER_KEY": MASTER, "CBSNAP_API_TOKENS": ",".join(entries())}
    checkout = Checkout(project(tmp_path / "project", site.port, POLICIES), site.url, secrets)
    account, host = state(site.url), site.ours()
    called: set[str] = set()

    checkout.deploy()
    with noted(site.url, called):
        code, (enrolled,) = site.enrol()
        site.run("status", "ins-db")
        site.run("upgrade", "ins-db", "--agent", str(site.program), "--yes")
        site.run("rotate-key", "ins-db", "--to", "1", "--yes")
    assert (code, enrolled["plans"][0]["problems"]) == (0, []), enrolled
    here = Stage(tmp_path, site.url, site.port, site.folder / "data/orders.db", cast("Agent", None))
    told = here.fire()["disk-db"]
    assert (told["decision"], told["label"]) == ("taken", "application")

    checkout.change("layers/policies/policies.yml", "{plan: orders}", "{plan: orders, tries: 1}")
    checkout.package()
    assert checkout.deploy().actions("layer")["cbsnap-policies"] == "update"
    checkout.deploy("--rollback")
    asked = {"disk_ids": ["disk-db"], "plan": "orders"}
    assert here.api("POST", "/v1/snapshots", json=asked).status_code == 202
    here.settle()
    assert [one["tags"]["cbsnap:label"] for one in here.snapshots()] == ["application", "application"]
    assert versions_called(here) == {"1"}

    with noted(site.url, called):
        code, (removed,) = site.run("remove", "ins-db", "--yes")
    assert (code, site.ours() - host) == (0, set()), removed
    assert called == rights.PEOPLE["enroller"], "change release/rights.py, python -m release.rights"
    assert checkout.run("destroy", "--confirm", "prod").code == 0
    clear(here)
    assert state(site.url) == account


def clear(here: Stage) -> None:
    """Delete the snapshots, which outlive a deployment."""
    here.until_normal()
    snapshots = [one["id"] for one in here.snapshots()]
    here.own_api().call("cbs", "DeleteSnapshots", {"SnapshotIds": snapshots})


def state(url: str) -> dict[str, Any]:
    """Return all that the account has, as the cloud itself keeps it; the time does not count."""
    told: dict[str, Any] = requests.get(f"{url}/_local/state", timeout=10).json()
    return {name: part for name, part in told.items() if name != "clock"}
