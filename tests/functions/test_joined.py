"""Two policies that meet on a host: one worker and one lease, each disk for its own policy."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from .stage import AGENT, Stage, built

if TYPE_CHECKING:
    from collections.abc import Iterator

FLEET = """
regions:
  ap-guangzhou:
    instances: [{{id: ins-db, ip: {ip}}}]
    disks:
      - {{id: disk-db, instance: ins-db, tags: {{tier: db}}, content: {data}}}
      - {{id: disk-logs, instance: ins-db, tags: {{tier: logs}}, content: {folder}/logs}}
"""
POLICIES = """
version: 1
deployment: tests
time_zone: Etc/UTC
targets: [{{region: ap-guangzhou}}]
agent: {{port: {port}}}
policies:
  databases:
    select: {{tags: {{tier: db}}}}
    schedule: "0 0 * * *"
    window: 1d
    quiesce: {{plan: sqlite}}
  logs:
    select: {{tags: {{tier: logs}}}}
    schedule: "0 0 * * *"
    window: 1d
    quiesce: {{plan: sqlite}}
"""
ONE = "disks = {folder}/data=disk-db\n"
BOTH = "mounts = {folder}/logs\ndisks = {folder}/data=disk-db {folder}/logs=disk-logs\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("joined")
    (folder / "logs").mkdir()
    with built(folder, FLEET, POLICIES, AGENT.replace(ONE, BOTH)) as stage:
        yield stage


@pytest.fixture
def stage(running: Stage) -> Stage:
    """Return a host whose plan keeps its data on the disks of two policies."""
    running.reset()
    return running


def snapshots(stage: Stage) -> dict[str, dict[str, Any]]:
    """Return the snapshots by disk; there is one of each at most."""
    assert max(Counter(one["disk_id"] for one in stage.snapshots()).values()) == 1
    return {one["disk_id"]: one for one in stage.snapshots()}


def workers(stage: Stage) -> list[dict[str, Any]]:
    return [one for one in stage.invocations() if one["function"] == "cbsnap-snapshot"]


def test_one_worker_takes_both_under_one_lease_each_for_its_own_policy(stage: Stage) -> None:
    stage.fire()

    (worker,) = workers(stage)
    orders, logs = worker["result"]
    assert (orders["run"].partition("@")[0], logs["run"].partition("@")[0]) == ("databases", "logs")
    assert orders["proofs"] == logs["proofs"]
    assert [one.get("reason") for report in (orders, logs) for one in report["outcomes"]] == [None, None]
    made = snapshots(stage)
    assert {disk: one["tags"]["cbsnap:label"] for disk, one in made.items()} == {
        "disk-db": "application",
        "disk-logs": "crash",  # what its plan earns without a freeze
    }
    assert {disk: one["tags"]["cbsnap:policy"] for disk, one in made.items()} == {
        "disk-db": "databases",
        "disk-logs": "logs",
    }
    assert made["disk-logs"]["name"].startswith("logs.")


def test_a_tick_and_three_deliveries_of_its_batch_take_each_disk_once(stage: Stage) -> None:
    stage.fire()
    (worker,) = workers(stage)
    stage.reset()

    stage.invoke_together(worker["event"], times=3)
    stage.fire()

    assert set(snapshots(stage)) == {"disk-db", "disk-logs"}
    assert not stage.locked()


def test_what_one_policy_lacks_later_is_taken_alone_and_claims_no_common_moment(stage: Stage) -> None:
    stage.fire()
    before = snapshots(stage)
    stage.until_normal()
    stage.own_api().call("cbs", "DeleteSnapshots", {"SnapshotIds": [before["disk-logs"]["id"]]})

    found = stage.fire()

    after = snapshots(stage)
    assert after["disk-db"]["id"] == before["disk-db"]["id"]
    assert after["disk-db"]["tags"]["cbsnap:label"] == "application"
    assert found["disk-db"]["decision"] == "already done"
    assert (found["disk-logs"]["decision"], found["disk-logs"]["label"]) == ("taken", "crash")
    assert "disk-db" in found["disk-logs"]["reason"]
    assert not stage.locked()
