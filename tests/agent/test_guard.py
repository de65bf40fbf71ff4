"""What happens when something dies: every process is real, and killed as the kernel would kill it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import threading
from typing import TYPE_CHECKING

from cbsnap_agent import owed

from tests.agent.driver import DISK, eventually, is_alive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.agent.driver import Agent, Orders


def test_the_agent_killed_lets_writers_in_and_knows_the_lease_no_more(
    agent: Agent, orders: Orders, start_agent: Callable[..., Agent]
) -> None:
    lease_id = agent.client().held()
    guard = agent.guard_pid()

    agent.kill()
    eventually(orders.is_writable)
    eventually(lambda: not is_alive(guard))
    client = start_agent(orders.plan()).client()
    reply = client.call("POST", f"/v1/leases/{lease_id}/release", {"answered": {DISK: "snap-1"}})

    assert (reply.status, reply.body["code"]) == (410, "unknown-lease")


def test_a_hung_agent_is_killed_by_its_guard_at_the_deadline(agent: Agent, orders: Orders) -> None:
    agent.client().held(ttl_s=0.5)

    agent.process.send_signal(signal.SIGSTOP)
    eventually(orders.is_writable)

    assert agent.process.wait(30) == -signal.SIGKILL


def test_the_agent_killed_leaves_the_mark_of_the_leases_end(agent: Agent, orders: Orders) -> None:
    lease_id = agent.client().held()

    agent.kill()

    post = orders.path.parent / ".cbsnap-post"
    eventually(lambda: post.exists() and lease_id in post.read_text())


def has_armed(agent: Agent) -> bool:
    """Tell whether the lease that is being prepared has its guard: before that nothing is locked."""
    lease = agent.client().call("GET", "/v1/status").body["lease"]
    return lease is not None and any(step["name"] == "arm" for step in lease["steps"])


def test_an_agent_that_hangs_while_preparing_is_killed_after_its_budget(agent: Agent, orders: Orders) -> None:
    with contextlib.closing(sqlite3.connect(orders.path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        client = agent.client()
        body = json.dumps(client.wanted(budget_ms=500)).encode()
        client.connection.request("POST", "/v1/leases", body, client.sign("POST", "/v1/leases", body))
        eventually(lambda: has_armed(agent))
        agent.process.send_signal(signal.SIGSTOP)

        assert agent.process.wait(30) == -signal.SIGKILL


def test_the_guard_killed_breaks_the_lease_and_unlocks(agent: Agent, orders: Orders) -> None:
    client = agent.client()
    lease_id = client.held()

    os.kill(agent.guard_pid(), signal.SIGKILL)
    eventually(orders.is_writable)
    record = client.release(lease_id, {DISK: "snap-1"})

    assert (record["state"], record["verdict"]) == ("BROKEN", "broken")
    assert "guard" in record["reason"]
    assert [cover["label"] for cover in record["covers"]] == ["crash"]


def test_the_guard_hung_does_not_keep_the_agent_from_letting_go(agent: Agent, orders: Orders) -> None:
    client = agent.client()
    lease_id = client.held(ttl_s=0.5)

    os.kill(agent.guard_pid(), signal.SIGSTOP)
    eventually(orders.is_writable)

    assert client.release(lease_id)["verdict"] == "broken"


def test_the_guard_ignores_polite_signals(agent: Agent, orders: Orders) -> None:
    client = agent.client()
    lease_id = client.held()

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        os.kill(agent.guard_pid(), number)

    assert not orders.is_writable()
    assert client.release(lease_id)["verdict"] == "whole"


def test_a_guard_that_was_stopped_is_ended_by_the_next_agent(
    start_agent: Callable[..., Agent], orders: Orders, tmp_path: Path
) -> None:
    commands = f"command.shell = yes\ncommand.pre = true\ncommand.post = echo post >> {tmp_path}/calls"
    plan = orders.plan(steps="sqlite command sync", more=commands)
    agent = start_agent(plan)
    agent.client().held()
    guard = agent.guard_pid()
    os.kill(guard, signal.SIGSTOP)
    agent.kill()

    start_agent(plan)

    assert (tmp_path / "calls").read_text() == "post\n"
    eventually(lambda: not is_alive(guard))


def test_the_service_manager_is_told_that_the_agent_is_ready_and_lives(
    start_agent: Callable[..., Agent], orders: Orders, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "60000"}
        start_agent(orders.plan(), environment=told)

        assert [manager.recv(64) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_a_new_lease_follows_at_once_after_each_kind_of_death(agent: Agent) -> None:
    client = agent.client()
    lease_id = client.held()
    os.kill(agent.guard_pid(), signal.SIGKILL)
    eventually(lambda: client.record(lease_id)["state"] == "BROKEN")

    assert client.release(client.held(), {DISK: "snap-1"})["verdict"] == "whole"


def test_a_database_replaced_while_held_breaks_the_proof(agent: Agent, orders: Orders) -> None:
    client = agent.client()
    lease_id = client.held()

    moved = orders.path.with_suffix(".old")
    orders.path.rename(moved)
    orders.path.write_bytes(moved.read_bytes())

    assert client.release(lease_id)["state"] == "BROKEN"


def test_the_guard_killed_while_preparing_fails_the_lease(agent: Agent, orders: Orders) -> None:
    client = agent.client()
    lease_id = "ab" * 16
    with contextlib.closing(sqlite3.connect(orders.path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        asking = threading.Thread(target=client.lease, kwargs={"lease_id": lease_id})
        asking.start()
        eventually(lambda: has_armed(agent))
        os.kill(agent.guard_pid(), signal.SIGKILL)
    asking.join()

    assert agent.client().record(lease_id)["state"] == "FAILED"
    assert orders.is_writable()


def test_what_an_earlier_boot_owed_is_dropped_unseen(tmp_path: Path) -> None:
    spec = {"kind": "freeze", "mount": "/", "device": "0:0"}
    owed.OwedList(str(tmp_path), "a", boot="an earlier one").add(0, spec)

    undone = owed.OwedList(str(tmp_path)).undo_all()

    assert [status for _, status in undone] == [0]
    assert list((tmp_path / "owed").iterdir()) == []


def test_a_post_that_died_of_a_signal_stays_on_the_list(tmp_path: Path) -> None:
    post = ["/bin/sh", "-c", "kill -TERM $$"]
    fields = {"post": post, "environment": {}, "timeout_s": 5, "output": str(tmp_path / "out")}
    owed.OwedList(str(tmp_path), "a").add(0, {"kind": "command", "pre": [], **fields})

    statuses = [status for _, status in owed.OwedList(str(tmp_path)).undo_all()]

    assert statuses == [128 + signal.SIGTERM]
    assert len(owed.OwedList(str(tmp_path)).listed()) == 1


def test_what_is_owed_is_undone_last_first_and_a_failing_command_is_not_run_twice(tmp_path: Path) -> None:
    log = tmp_path / "log"
    listed = owed.OwedList(str(tmp_path), "a")
    for index, word in enumerate(("first", "second")):
        post = ["/bin/sh", "-c", f"echo {word} >> {log}; exit 3"]
        fields = {"post": post, "environment": {}, "timeout_s": 5, "output": str(tmp_path / "out")}
        listed.add(index, {"kind": "command", "pre": [], **fields})

    statuses = [status for _, status in owed.OwedList(str(tmp_path)).undo_all()]

    assert statuses == [3, 3]
    assert log.read_text() == "second\nfirst\n"
    assert owed.OwedList(str(tmp_path)).undo_all() == []
