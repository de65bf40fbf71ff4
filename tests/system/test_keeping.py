"""`cbsnap hosts`, from the command line through the cloud's commands to a real agent, installed as root."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests
from cbsnap.clock import SystemClock
from cbsnap.errors import HostUnreachable
from cbsnap.hosts.signature import host_key
from cbsnap.ports.hosts import LeaseRequest
from cbsnap.tencent.api import Api
from cbsnap.tencent.credentials import EnvironmentCredentials

from tests.system.apart import CREDENTIALS, MASTER, TOOLS, apart, names_in
from tests.system.loops import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.system.apart import Site

pytestmark = pytest.mark.root

LEASE = {"operation": "orders@test/ins-db", "plan": "orders", "disk_ids": ("disk-db",), "budget_ms": 20_000}


@pytest.fixture(scope="module")
def place(packed_agent: Path) -> Iterator[Site]:
    for tool in missing(*TOOLS):
        pytest.skip(f"{tool} is not installed")
    with apart(packed_agent) as made:
        yield made


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
    assert "cbsnap-enrol" not in names_in(enrolled.inside("/run"))


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


@pytest.mark.parametrize("master", ["", "abc"])
def test_a_master_key_that_is_none_is_told_before_a_host_is_touched(site: Site, master: str) -> None:
    before = site.ours()
    other = replace(site, master=master)

    code, (said,) = other.enrol()

    assert (code, said["error"]["field"]) == (3, "CBSNAP_MASTER_KEY")
    assert site.ours() == before
