"""A host with no open port: the worker holds and releases it by the cloud's command channel, for real.

The instance's `cbsnap-agent.pyz` is the agent of this repository, told where its configuration lies.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone
from statistics import median
from typing import TYPE_CHECKING

import pytest
from cbsnap.clock import SystemClock
from cbsnap.entry.cli.app import main
from cbsnap.errors import HostBusy, HostRefused, HostUnreachable
from cbsnap.hosts.agent import Agents
from cbsnap.hosts.channel import TOLD, Channel
from cbsnap.hosts.ways import Ways
from cbsnap.jobs.bracket import Wish, held
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.proofs import settled
from cbsnap.model.policies import Quiesce, Transport
from cbsnap.policyfile import parse
from cbsnap.ports.hosts import LeaseRequest

from .stage import AGENT, MASTER, ROOT, Stage, built

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cbsnap.ports.hosts import Host

FLEET = """
regions:
  ap-guangzhou:
    instances: [{{id: ins-db, ip: {ip}, env: {{PATH: "{folder}/bin:/usr/bin:/bin"}}}}]
    disks:
      - {{id: disk-db, instance: ins-db, tags: {{tier: db}}, content: {data}}}
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
    quiesce: {{plan: sqlite, transport: tat}}
"""
CLOSED = AGENT.replace("listen = {ip}:{port}", "listen = off").replace("key_file = {folder}/keys\n", "")
TAGS = {"cbsnap:policy": "databases", "cbsnap:deployment": "tests"}
BY_COMMAND = Quiesce("sqlite", ttl_s=60, transport=Transport.TAT)


def install(folder: Path) -> None:
    """Put the agent's program where the instance's commands find it."""
    program = folder / "bin/cbsnap-agent.pyz"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nverb="$1"; shift\nPYTHONPATH={ROOT}/agent exec {sys.executable} -m cbsnap_agent '
        f'"$verb" --config {folder}/agent.ini "$@"\n'
    )
    program.chmod(0o755)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("by-command")
    install(folder)
    with built(folder, FLEET, POLICIES, CLOSED) as stage:
        yield stage


@pytest.fixture
def stage(running: Stage) -> Stage:
    """Return a host that no port leads to."""
    running.reset()
    return running


@pytest.fixture
def host(stage: Stage) -> Channel:
    return Channel("ins-db", stage.commands(), SystemClock())


def wanted(**changes: object) -> LeaseRequest:
    usual = {
        "lease_id": secrets.token_hex(16),
        "operation": f"databases@test#{secrets.token_hex(4)}/ins-db",
        "plan": "sqlite",
        "disk_ids": ("disk-db",),
        "ttl_s": 60,
        "budget_ms": 20_000,
    }
    return LeaseRequest(**{**usual, **changes})  # type: ignore[arg-type]


class Behind(SystemClock):
    """A clock that is so far behind that what is sent by it arrives too late."""

    def now(self) -> datetime:
        return super().now() - timedelta(minutes=1)


def test_a_worker_holds_takes_and_proves_without_a_port(stage: Stage) -> None:
    found = stage.fire()

    (worker,) = [one for one in stage.invocations() if one["function"] == "cbsnap-snapshot"]
    (proof,) = worker["result"][0]["proofs"]
    assert (found["disk-db"]["decision"], found["disk-db"]["label"]) == ("taken", "application")
    assert (proof["verdict"], TOLD in proof["caveats"]) == ("whole", True)
    assert [one["tags"]["cbsnap:label"] for one in stage.snapshots()] == ["application"]
    assert not stage.locked()


def test_what_a_dead_worker_left_is_settled_from_the_journal_by_command(stage: Stage, host: Channel) -> None:
    cloud = stage.region()
    name = f"databases.{datetime.now(timezone.utc):%Y%m%dT0000Z}.db"
    with held([Wish(host, ("disk-db",))], "databases@test/ins-db", BY_COMMAND, SystemClock()) as hold:
        hold.answered.update({"disk-db": str(cloud.create_snapshots({"disk-db": name}, TAGS, 10)["disk-db"])})
    policies = parse((stage.folder / "policies/policies.yml").read_text(), "policies.yml")
    ways = Ways(Agents(MASTER, 1, stage.port, SystemClock()), stage.commands, SystemClock())
    later = datetime.now(timezone.utc) + timedelta(minutes=30)

    list(settled(policies, Inventory(cloud, "tests"), ways, later))

    assert [one["tags"]["cbsnap:label"] for one in stage.snapshots()] == ["application"]


def test_a_command_that_comes_late_holds_nothing(stage: Stage) -> None:
    late = Channel("ins-db", stage.commands(), Behind())
    request = wanted()

    with pytest.raises(HostUnreachable, match="too late"):
        late.lease(request)

    assert not stage.locked()
    with pytest.raises(HostRefused, match="unknown-lease"):
        late.release(request.lease_id, {})


def test_a_lost_answer_is_asked_for_again_and_there_is_one_lease(stage: Stage, host: Channel) -> None:
    stage.set_fault(kind="no_answer", action="RunCommand", times=2)

    record = host.lease(wanted())
    locked = stage.locked()
    released = host.release(record.lease_id, {"disk-db": "snap-1"})

    assert (record.held, locked, released.whole) == (True, True, True)
    assert [one.lease_id for one in host.of_snapshot("snap-1")] == [record.lease_id]
    assert not stage.locked()


def test_another_holder_is_told_how_long_to_wait(stage: Stage, host: Channel) -> None:
    record = host.lease(wanted())

    with pytest.raises(HostBusy) as busy:
        Channel("ins-db", stage.commands(), SystemClock()).lease(wanted())

    assert 0 < busy.value.retry_after_ms <= 60_000
    assert host.release(record.lease_id, {}).whole


def test_an_agent_that_died_meanwhile_proves_nothing_and_holds_nothing(stage: Stage, host: Channel) -> None:
    record = host.lease(wanted())
    stage.agent.end(kill=True)

    with pytest.raises(HostUnreachable, match="no agent answers"):
        host.release(record.lease_id, {"disk-db": "snap-1"})
    locked = stage.locked()
    stage.agent.restart_without_memory()

    assert not locked
    with pytest.raises(HostRefused, match="unknown-lease"):
        host.release(record.lease_id, {"disk-db": "snap-1"})


def test_a_host_without_the_agent_says_so_with_the_cure(stage: Stage, host: Channel) -> None:
    program = stage.folder / "bin/cbsnap-agent.pyz"
    hidden = program.rename(program.with_suffix(".away"))

    try:
        with pytest.raises(HostUnreachable, match="cbsnap hosts enrol"):
            host.check("sqlite", ["disk-db"])
    finally:
        hidden.rename(program)


def test_the_command_line_asks_such_a_host(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    policies = ["--policies", str(stage.folder / "policies/policies.yml")]

    code = main([*policies, "hosts", "status", "--json"], stage.environment())

    (told,) = json.loads(capsys.readouterr().out)["items"]
    assert (code, told["instance_id"], told["plans"], told["key_versions"]) == (0, "ins-db", ["sqlite"], [])
    assert main([*policies, "hosts", "status", "ins-db"], stage.environment()) == 0
    assert "sqlite" in capsys.readouterr().out


def test_the_gateway_says_of_such_a_host_how_it_is_asked(stage: Stage) -> None:
    (shown,) = stage.api("GET", "/v1/hosts").json()["items"]

    assert (shown["instance_id"], shown["agent"]) == ("ins-db", None)
    assert "cbsnap hosts status" in shown["error"]


def test_how_long_a_host_is_held_each_way(
    stage: Stage, host: Channel, open_port: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    by_command = [held_s(host) for _ in range(5)]
    by_port = [held_s(open_port) for _ in range(5)]

    with capsys.disabled():
        sys.stdout.write(
            f"\nheld with nothing done inside, medians: {median(by_command) * 1000:.0f} ms by command, "
            f"{median(by_port) * 1000:.1f} ms by port\n"
        )
    assert not stage.locked()


def held_s(host: Host) -> float:
    """Return the seconds from the answer HELD being asked for to the release's answer."""
    record = host.lease(wanted())
    began = time.monotonic()
    assert host.release(record.lease_id, {}).whole
    return time.monotonic() - began + (60 - record.ttl_left_ms / 1000)


@pytest.fixture
def open_port(running_stage: Stage) -> Iterator[Host]:
    """Return a host like it that a port leads to."""
    running_stage.reset()
    (instance,) = running_stage.region().instances(["ins-db"])
    with closing(Agents(MASTER, 1, running_stage.port, SystemClock()).on(instance)) as host:
        yield host
