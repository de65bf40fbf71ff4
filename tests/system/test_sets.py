"""Disks under one filesystem are taken as one group, by the core's own bracket and a real agent."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cbsnap.clock import SystemClock
from cbsnap.hosts.agent import Agent as CoreAgent
from cbsnap.jobs.take import take_batch
from cbsnap.model.labels import Label
from cbsnap.model.plan import QuotaLimits
from cbsnap.model.policies import OnFailure, Quiesce, Transport
from cbsnap.model.runs import Batch, Decision, Group, Run

from tests.agent.driver import KEY, create_orders
from tests.system.loops import Loop, run
from tests.unit.jobs.fakes import HERE, FakeClock, FakeCloud, disk, instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cbsnap.model.cloud import Instance
    from cbsnap.model.runs import Report

    from tests.agent.driver import Agent

pytestmark = pytest.mark.root

ONE, TWO, BESIDE = "disk-5e70000001", "disk-5e70000002", "disk-5e70000003"
BY_ID = Path("/dev/disk/by-id")


class OneHost:
    """The port `Hosts`: the agent of this machine, whatever the instance."""

    def __init__(self, agent: Agent) -> None:
        self._port = agent.port

    def on(self, instance: Instance, transport: Transport) -> CoreAgent:
        del instance, transport
        return CoreAgent(("127.0.0.1", self._port), bytes.fromhex(KEY), SystemClock())


@contextmanager
def named(device: str, disk_id: str) -> Iterator[None]:
    """Let a device be a disk, as the cloud's hosts show it."""
    BY_ID.mkdir(parents=True, exist_ok=True)
    link = BY_ID / f"virtio-{disk_id}"
    link.symlink_to(device)
    try:
        yield
    finally:
        link.unlink()


@pytest.fixture
def spanning(make_loop: Callable[..., Loop], tmp_path: Path) -> Iterator[Loop]:
    """Give a filesystem that lies on two disks."""
    loop = make_loop("data", "btrfs", 128)
    image = tmp_path / "second.img"
    with image.open("wb") as second:
        second.truncate(128 << 20)
    device = run("losetup", "--find", "--show", str(image)).strip()
    run("btrfs", "device", "add", "-K", "-f", device, str(loop.mount))
    with named(loop.device, ONE), named(device, TWO):
        yield loop
    loop.thaw()
    run("btrfs", "device", "remove", device, str(loop.mount))
    subprocess.run(["losetup", "--detach", device], check=True)


def batch(*disk_ids: str, on_failure: OnFailure = OnFailure.ABORT) -> Batch:
    """Return an order for each disk by itself, as `group: disk` makes it."""
    now = SystemClock().now()
    groups = tuple(Group(one, (one,), "ins-1") for one in disk_ids)
    return Batch(
        Run("orders", now.replace(second=0, microsecond=0)),
        HERE,
        "tests",
        groups,
        not_after=now + timedelta(hours=1),
        deliver_by=now + timedelta(hours=1),
        quiesce=Quiesce("orders", on_failure, tries=1, budget_s=30),
        quota=QuotaLimits(region=100),
    )


def taken(order: Batch, agent: Agent) -> Report:
    clock = FakeClock(SystemClock().now())
    cloud = FakeCloud(clock, [disk(ONE), disk(TWO), disk(BESIDE)], [instance()])
    (report,) = take_batch(order, cloud, OneHost(agent), clock, budget_s=600)
    return report


@pytest.fixture
def host(spanning: Loop, start_agent: Callable[..., Agent]) -> Agent:
    orders = create_orders(spanning.mount / "orders")
    return start_agent(f"[plan:orders]\nsteps = sqlite sync freeze\nsqlite.databases = {orders.path}\n")


def test_disks_of_one_filesystem_are_taken_as_one_group(host: Agent) -> None:
    report = taken(batch(ONE, TWO), host)

    assert [(one.disk_id, one.decision, one.label) for one in report.outcomes] == [
        (ONE, Decision.TAKEN, Label.APPLICATION),
        (TWO, Decision.TAKEN, Label.APPLICATION),
    ]
    (proof,) = report.proofs
    assert {cover.split()[0] for cover in proof.covers} == {ONE, TWO}


@pytest.mark.parametrize(
    ("on_failure", "expected"),
    [(OnFailure.ABORT, (Decision.FAILED, None)), (OnFailure.CRASH, (Decision.TAKEN, Label.CRASH))],
)
def test_a_part_of_a_filesystem_is_not_called_application(
    host: Agent, on_failure: OnFailure, expected: tuple[Decision, Label | None]
) -> None:
    report = taken(batch(ONE, on_failure=on_failure), host)

    (outcome,) = report.outcomes
    assert (outcome.decision, outcome.label) == expected
    assert TWO in outcome.reason


def test_a_disk_beside_the_plans_goes_along_and_is_crash(host: Agent) -> None:
    order = batch(ONE)
    order = replace(order, groups=(Group("ins-1", (ONE, TWO, BESIDE)),))

    report = taken(order, host)

    assert {one.disk_id: one.label for one in report.outcomes} == {
        ONE: Label.APPLICATION,
        TWO: Label.APPLICATION,
        BESIDE: Label.CRASH,
    }
