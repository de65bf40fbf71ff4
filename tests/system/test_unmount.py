"""Services stopped, filesystems unmounted, and all of it back again, whatever dies in between."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agent.driver import DISK, eventually, is_alive

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agent.driver import Agent
    from tests.system.loops import Loop

pytestmark = pytest.mark.root


@pytest.fixture
def control(tmp_path: Path) -> Path:
    """Make a service manager of one line: it keeps a file for each service that runs, and a list of calls."""
    script = tmp_path / "control"
    script.write_text(
        f'#!/bin/sh\necho "$1 $2" >> {tmp_path}/calls\n'
        f"if [ $1 = stop ]; then rm -f {tmp_path}/$2; else touch {tmp_path}/$2; fi\n"
    )
    script.chmod(0o700)
    return script


def plan(control: Path, *loops: Loop, services: str = "shop db") -> str:
    mounts = " ".join(str(loop.mount) for loop in loops)
    disks = " ".join(f"{loop.mount}={DISK}" for loop in loops)
    return (
        f"[plan:orders]\nsteps = unmount\nmounts = {mounts}\ndisks = {disks}\n"
        f"unmount.services = {services}\nunmount.control = {control}\nunmount.timeout_s = 5\n"
    )


def is_mounted(loop: Loop) -> bool:
    return os.path.ismount(loop.mount)


@pytest.mark.parametrize("fstype", ["ext4", "xfs", "btrfs"])
def test_it_is_unmounted_while_held_and_mounted_as_it_was_afterwards(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], control: Path, fstype: str
) -> None:
    loop = make_loop("data", fstype, 320 if fstype == "xfs" else 128)
    before = _mount_line(loop)
    client = start_agent(plan(control, loop)).client()

    lease_id = client.held()
    held = is_mounted(loop)
    record = client.release(lease_id, {DISK: "snap-1"})

    assert not held
    assert _mount_line(loop) == before
    assert record["verdict"] == "whole"
    assert (record["covers"][0]["how"], record["covers"][0]["label"]) == ("unmount", "clean")
    assert record["frozen_ms"] > 0
    assert (control.parent / "calls").read_text().split("\n")[:-1] == [
        "stop shop", "stop db", "start db", "start shop",
    ]  # fmt: skip


def test_a_process_that_keeps_it_busy_is_named(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], control: Path
) -> None:
    loop = make_loop("data")
    keeper = subprocess.Popen(["sleep", "60"], cwd=loop.mount)

    record = start_agent(plan(control, loop)).client().lease().body
    keeper.kill()
    keeper.wait()

    assert record["state"] == "FAILED"
    assert f"sleep ({keeper.pid})" in record["reason"]
    assert is_mounted(loop)
    assert (control.parent / "db").exists()


def test_a_second_mount_of_the_device_is_found_out(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], control: Path, tmp_path: Path
) -> None:
    loop = make_loop("data")
    (tmp_path / "elsewhere").mkdir()
    subprocess.run(["mount", loop.device, str(tmp_path / "elsewhere")], check=True)

    record = start_agent(plan(control, loop)).client().lease().body
    subprocess.run(["umount", str(tmp_path / "elsewhere")], check=True)

    assert record["state"] == "FAILED"
    assert "busy" in record["reason"]
    assert is_mounted(loop)


def test_expiry_brings_everything_back(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], control: Path
) -> None:
    loop = make_loop("data")
    client = start_agent(plan(control, loop)).client()

    lease_id = client.held(ttl_s=0.5)
    eventually((control.parent / "shop").exists)

    assert is_mounted(loop)
    assert client.release(lease_id)["state"] == "EXPIRED"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_guard_brings_everything_back_when_the_agent_is_gone_or_hangs(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], control: Path, number: signal.Signals
) -> None:
    loop = make_loop("data")
    agent = start_agent(plan(control, loop))
    agent.client().held(ttl_s=0.5)

    agent.process.send_signal(number)
    eventually((control.parent / "shop").exists)

    assert is_mounted(loop)


def test_both_killed_is_brought_back_by_the_next_start(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], control: Path
) -> None:
    loop = make_loop("data")
    agent = start_agent(plan(control, loop))
    agent.client().held()
    guard = agent.guard_pid()
    os.kill(guard, signal.SIGSTOP)
    agent.kill()
    os.kill(guard, signal.SIGKILL)
    eventually(lambda: not is_alive(guard))

    start_agent(plan(control, loop))

    assert is_mounted(loop)
    assert (control.parent / "shop").exists()


def test_nothing_starts_over_a_filesystem_that_cannot_be_mounted_until_it_can(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], control: Path
) -> None:
    loop = make_loop("data")
    client = start_agent(plan(control, loop)).client()
    lease_id = client.held()
    with loop.image.open("r+b") as image:
        superblock = image.read(65536)
        image.seek(0)
        image.write(bytes(65536))
    subprocess.run(["blockdev", "--flushbufs", loop.device], check=True)

    record = client.release(lease_id, {DISK: "snap-1"})
    eventually(lambda: client.call("GET", "/v1/status").body["owed"])
    owed = client.call("GET", "/v1/status").body["owed"]
    started = [line for line in (control.parent / "calls").read_text().splitlines() if "start" in line]
    failed = client.lease().body
    with loop.image.open("r+b") as image:
        image.write(superblock)
    subprocess.run(["blockdev", "--flushbufs", loop.device], check=True)
    client.release(client.held())

    assert started == []
    assert any("stays owed" in caveat for caveat in record["caveats"])
    assert sorted(owed) == sorted(
        [f"`{control} stop {service}`" for service in ("shop", "db")] + [f"unmount of {loop.mount}"]
    )
    assert (failed["state"], "of an earlier lease" in failed["reason"]) == ("FAILED", True)
    assert is_mounted(loop)
    assert (control.parent / "shop").exists()


def _mount_line(loop: Loop) -> list[str]:
    lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return next(line for line in lines if line[1] == str(loop.mount))
