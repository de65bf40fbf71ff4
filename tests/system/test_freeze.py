"""Freezes on real filesystems, and every death that could leave one frozen."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import threading
import time
from typing import IO, TYPE_CHECKING

import pytest

from tests.agent.driver import DISK, eventually, is_alive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.agent.driver import Agent, Client, Json
    from tests.system.loops import Loop

pytestmark = pytest.mark.root


def plan(*loops: Loop, steps: str = "sync freeze") -> str:
    """Return a plan over these filesystems, each on a disk of its own: disk-11111111, disk-11111112, …."""
    mounts = " ".join(str(loop.mount) for loop in loops)
    disks = " ".join(f"{loop.mount}={disk}" for loop, disk in zip(loops, disks_of(*loops), strict=True))
    return f"[plan:orders]\nsteps = {steps}\nmounts = {mounts}\ndisks = {disks}\n"


def disks_of(*loops: Loop) -> list[str]:
    return [f"{DISK[:-1]}{number}" for number, _ in enumerate(loops, start=1)]


@pytest.mark.parametrize("fstype", ["ext4", "xfs", "btrfs"])
def test_a_frozen_filesystem_takes_no_write_until_its_release(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], fstype: str
) -> None:
    loop = make_loop("data", fstype, 320 if fstype == "xfs" else 128)
    client = start_agent(plan(loop)).client()

    lease_id = client.held()
    frozen = not loop.is_writable()
    record = client.release(lease_id, {DISK: "snap-1"})

    assert frozen
    assert loop.is_writable()
    assert (record["verdict"], record["covers"][0]["fstype"]) == ("whole", fstype)
    assert (record["covers"][0]["how"], record["covers"][0]["label"]) == ("sync+freeze", "filesystem")
    assert record["frozen_ms"] > 0


def test_several_filesystems_are_frozen_together(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    loops = [make_loop("one"), make_loop("two")]
    client = start_agent(plan(*loops)).client()

    lease_id = client.held(disks=disks_of(*loops))
    frozen = [not loop.is_writable() for loop in loops]
    client.release(lease_id)

    assert frozen == [True, True]
    assert all(loop.is_writable() for loop in loops)


def test_expiry_thaws(make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]) -> None:
    loop = make_loop("data")
    client = start_agent(plan(loop)).client()

    lease_id = client.held(ttl_s=0.5)

    assert loop.is_writable(within_s=10)
    assert client.release(lease_id)["state"] == "EXPIRED"


def test_the_guard_thaws_when_the_agent_is_killed(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    loop = make_loop("data")
    agent = start_agent(plan(loop))
    agent.client().held()

    agent.kill()

    assert loop.is_writable(within_s=10)


def test_the_guard_thaws_at_the_deadline_when_the_agent_hangs(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    loop = make_loop("data")
    agent = start_agent(plan(loop))
    agent.client().held(ttl_s=0.5)

    agent.process.send_signal(signal.SIGSTOP)

    assert loop.is_writable(within_s=10)


def test_the_agent_thaws_when_the_guard_is_killed(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    loop = make_loop("data")
    agent = start_agent(plan(loop))
    client = agent.client()
    lease_id = client.held()

    os.kill(agent.guard_pid(), signal.SIGKILL)

    assert loop.is_writable(within_s=10)
    assert client.release(lease_id)["state"] == "BROKEN"


def test_both_killed_is_thawed_by_the_next_start(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    loop = make_loop("data")
    agent = start_agent(plan(loop))
    agent.client().held()
    _kill_both(agent)
    frozen = not loop.is_writable()

    start_agent(plan(loop))

    assert frozen
    assert loop.is_writable(within_s=10)


def test_both_killed_is_thawed_by_the_stop_hook(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    loop = make_loop("data")
    agent = start_agent(plan(loop))
    agent.client().held()
    _kill_both(agent)

    code = agent.thaw_all()

    assert code == 0
    assert loop.is_writable(within_s=10)


def test_a_foreign_freeze_fails_the_lease_and_is_left_alone(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    ours, theirs = make_loop("a"), make_loop("b")
    agent = start_agent(plan(ours, theirs, steps="freeze"))
    theirs.freeze()

    record = agent.client().lease(disks=disks_of(ours, theirs)).body
    agent.thaw_all()

    assert record["state"] == "FAILED"
    assert "frozen" in record["reason"]
    assert ours.is_writable(within_s=10)
    assert theirs.thaw()


def test_a_foreign_thaw_breaks_the_proof(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    loop = make_loop("data")
    client = start_agent(plan(loop)).client()
    lease_id = client.held()

    loop.thaw()
    record = client.release(lease_id, {DISK: "snap-1"})

    assert (record["state"], record["verdict"]) == ("BROKEN", "broken")
    assert "thawed by somebody else" in record["reason"]


def test_a_freeze_that_hangs_is_given_up_and_everything_thaws(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    """The inner filesystem's image lies on the outer, which somebody holds frozen while ours is attempted."""
    outer = make_loop("outer", size_mib=256)
    inner = make_loop("inner", size_mib=32, folder=outer.mount)
    agent = start_agent(plan(inner, steps="freeze"))
    (inner.mount / "dirty").write_bytes(os.urandom(1 << 20))
    outer.freeze()

    started = time.monotonic()
    record = agent.client().lease(budget_ms=2000).body
    took_s = time.monotonic() - started
    outer.thaw()

    assert record["state"] == "FAILED"
    assert took_s < 4
    assert inner.is_writable(within_s=10)
    assert outer.is_writable()


@pytest.fixture
def hanging(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], tmp_path: Path
) -> tuple[Agent, Loop, Loop]:
    """Start an agent whose own command makes its freeze hang.

    After the last sync it dirties the inner filesystem, and freezes the outer one that holds the inner image.
    """
    outer = make_loop("outer", size_mib=256)
    inner = make_loop("inner", size_mib=32, folder=outer.mount)
    script = tmp_path / "pre"
    script.write_text(
        f"#!/bin/sh\nhead -c 1000000 /dev/urandom > {inner.mount}/dirty\nfsfreeze --freeze {outer.mount}\n"
    )
    script.chmod(0o700)
    commands = f"command.pre = {script}\ncommand.post = /sbin/fsfreeze --unfreeze {outer.mount}\n"
    return start_agent(plan(inner, steps="command freeze") + commands), inner, outer


def test_a_freeze_that_hangs_in_the_kernel_is_thawed_once_it_lands(hanging: tuple[Agent, Loop, Loop]) -> None:
    agent, inner, outer = hanging
    client = agent.client()

    record = client.lease(budget_ms=3000).body

    assert record["state"] == "FAILED"
    assert "freeze of" in record["reason"]
    assert inner.is_writable(within_s=10)
    assert outer.is_writable(within_s=10)
    assert client.call("GET", "/v1/status").body["state"] == "IDLE"


def test_the_guard_killed_while_a_freeze_hangs_leaves_nothing_frozen(
    hanging: tuple[Agent, Loop, Loop], tmp_path: Path
) -> None:
    agent, inner, outer = hanging
    client = agent.client()
    replies: list[Json] = []
    asking = threading.Thread(target=lambda: replies.append(client.lease().body))
    asking.start()
    eventually(lambda: _is_freezing(tmp_path))

    os.kill(agent.guard_pid(), signal.SIGKILL)
    asking.join()

    assert replies[0]["state"] == "FAILED"
    assert "guard" in replies[0]["reason"]
    assert outer.is_writable(within_s=10)
    assert inner.is_writable(within_s=10)


def test_both_killed_while_a_freeze_hangs_is_undone_by_the_stop_hook(
    hanging: tuple[Agent, Loop, Loop], tmp_path: Path
) -> None:
    agent, inner, outer = hanging
    client = agent.client()
    asking = threading.Thread(target=_ask_in_vain, args=(client,))
    asking.start()
    eventually(lambda: _is_freezing(tmp_path))

    _kill_both(agent)
    asking.join()
    agent.thaw_all()

    assert outer.is_writable(within_s=10)
    assert inner.is_writable(within_s=10)


def _is_freezing(folder: Path) -> bool:
    """Tell whether a freeze has been begun: it is noted before."""
    return any('"freeze"' in path.read_text() for path in (folder / "run" / "owed").glob("*.json"))


def _ask_in_vain(client: Client) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        client.lease()


def test_a_stack_is_frozen_from_the_inside_whatever_its_paths(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], reachable: Path, tmp_path: Path
) -> None:
    (tmp_path / "deep" / "down").mkdir(parents=True)  # the image's folder
    (reachable / "deep" / "down").mkdir(parents=True)
    outer = make_loop("deep/down/outer", size_mib=256)
    inner = make_loop("inner", size_mib=32, folder=outer.mount)
    client = start_agent(plan(outer, inner, steps="freeze")).client()

    record = client.release(client.held(disks=disks_of(outer, inner)))

    assert record["verdict"] == "whole"
    assert inner.is_writable()


def test_the_root_filesystem_is_never_held(start_agent: Callable[..., Agent]) -> None:
    client = start_agent(f"[plan:orders]\nsteps = freeze\nmounts = /etc\ndisks = /etc={DISK}\n").client()

    record = client.lease().body
    found = client.call("POST", "/v1/plans/orders/check", {"disks": [DISK]}).body

    assert record["state"] == "FAILED"
    assert "/ is never held" in record["reason"]
    assert found["problems"][0]["code"] == "cannot-hold"


def test_the_filesystem_of_the_agents_own_files_is_never_frozen(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    loop = make_loop("data")
    agent = start_agent(plan(loop), runtime_dir=loop.mount / "run")

    record = agent.client().lease().body

    assert record["state"] == "FAILED"
    assert "agent itself" in record["reason"]
    assert loop.is_writable()


def test_a_filesystem_that_holds_the_agents_log_is_never_frozen(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    loop = make_loop("data")
    agent = start_agent(plan(loop), folder=loop.mount, runtime_dir=tmp_path / "run")

    record = agent.client().lease().body

    assert record["state"] == "FAILED"
    assert "agent itself" in record["reason"]


def test_a_plan_with_a_missing_mount_is_refused(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    loop = make_loop("data")
    text = plan(loop).replace(f"mounts = {loop.mount}", f"mounts = {loop.mount} {loop.mount}/gone")

    reply = start_agent(text).client().lease()

    assert (reply.status, reply.body["code"]) == (422, "wrong-disks")
    assert "gone" in reply.body["message"]


def test_a_full_disk_costs_the_marker_and_nothing_else(
    make_loop: Callable[..., Loop], start_agent: Callable[..., Agent]
) -> None:
    loop = make_loop("data", size_mib=16)
    _fill(loop)
    client = start_agent(plan(loop)).client()

    record = client.release(client.held(), {DISK: "snap-1"})

    assert record["verdict"] == "whole"
    assert any("no marker" in caveat for caveat in record["caveats"])


def _kill_both(agent: Agent) -> None:
    guard = agent.guard_pid()
    os.kill(guard, signal.SIGSTOP)
    agent.kill()
    os.kill(guard, signal.SIGKILL)
    eventually(lambda: not is_alive(guard))


def _fill(loop: Loop) -> None:
    with (loop.mount / "full").open("wb", buffering=0) as target, pytest.raises(OSError, match="No space"):
        _write_for_ever(target)


def _write_for_ever(target: IO[bytes]) -> None:
    while True:
        target.write(b"x" * 512)
