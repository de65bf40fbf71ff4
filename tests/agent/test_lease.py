"""The life of a lease over the protocol, with a real database that is really locked."""

from __future__ import annotations

import contextlib
import secrets
import socket
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.agent.driver import DISK, eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agent.driver import Agent, Client, Orders


def test_keeps_writers_out_from_held_to_release(client: Client, orders: Orders) -> None:
    lease_id = client.held()

    locked = not orders.is_writable()
    record = client.release(lease_id, {DISK: "snap-1"})

    assert locked
    assert orders.is_writable()
    assert (record["state"], record["verdict"], record["answered"]) == ("RELEASED", "whole", {DISK: "snap-1"})
    assert record["locked_ms"] > 0


def test_the_record_says_what_was_covered_and_earned(client: Client, orders: Orders) -> None:
    record = client.lease().body

    (cover,) = record["covers"]

    assert (cover["disk_id"], cover["mount"]) == (DISK, str(orders.path.parent))
    assert (cover["how"], cover["label"]) == ("lock+sync", "application")
    assert [step["name"] for step in record["steps"]] == ["resolve", "arm", "prepare", "lock", "mark", "sync"]
    assert record["positions"]["sqlite"][str(orders.path)]["journal_mode"] == "wal"
    assert record["verdict"] is None


def test_a_copy_taken_while_held_carries_the_marker_of_its_lease_only(client: Client, orders: Orders) -> None:
    folder = orders.path.parent

    lease_id = client.held()
    held = {path.name: path.read_text() for path in folder.glob(".cbsnap-*")}
    client.release(lease_id)

    assert list(held) == [".cbsnap-pre"]
    assert lease_id in held[".cbsnap-pre"]
    assert lease_id in (folder / ".cbsnap-post").read_text()


def test_expires_by_itself_and_says_so_to_a_late_release(client: Client, orders: Orders) -> None:
    lease_id = client.held(ttl_s=0.3)

    eventually(orders.is_writable)
    record = client.release(lease_id, {DISK: "snap-1"})

    assert (record["state"], record["verdict"]) == ("EXPIRED", "broken")
    assert [cover["label"] for cover in record["covers"]] == ["crash"]


def test_a_renewal_moves_the_deadline_but_not_past_the_cap(
    start_agent: Callable[..., Agent], orders: Orders
) -> None:
    client = start_agent(orders.plan(more="max_ttl_s = 2")).client()
    lease_id = client.held(ttl_s=0.5)

    renewed = client.call("POST", f"/v1/leases/{lease_id}/renew", {"ttl_s": 60}).body

    assert 500 < renewed["ttl_left_ms"] <= 2000
    eventually(orders.is_writable)


def test_a_lease_that_has_ended_cannot_be_renewed(client: Client) -> None:
    lease_id = client.held()
    client.release(lease_id)

    reply = client.call("POST", f"/v1/leases/{lease_id}/renew", {"ttl_s": 5})

    assert (reply.status, reply.body["code"]) == (409, "not-held")


def test_the_same_id_gives_the_same_record_before_and_after_the_end(client: Client) -> None:
    lease_id = client.held()

    again = client.lease(lease_id=lease_id)
    client.release(lease_id, {DISK: "snap-1"})
    ended = client.lease(lease_id=lease_id)

    assert (again.status, again.body["state"]) == (200, "HELD")
    assert (ended.status, ended.body["state"]) == (200, "RELEASED")
    assert ended.body["answered"] == {DISK: "snap-1"}


def test_a_release_repeated_adds_no_snapshot_to_a_whole_proof(client: Client) -> None:
    lease_id = client.held()

    client.release(lease_id)
    late = client.release(lease_id, {DISK: "snap-late"})

    assert (late["verdict"], late["answered"]) == ("whole", {})
    assert client.record(lease_id)["answered"] == {}


def test_a_release_repeated_to_a_restarted_agent_adds_no_snapshot_either(
    start_agent: Callable[..., Agent], orders: Orders
) -> None:
    agent = start_agent(orders.plan())
    first = agent.client()
    lease_id = first.held()
    first.release(lease_id)
    agent.stop()

    late = agent.start().client().release(lease_id, {DISK: "snap-late"})

    assert (late["verdict"], late["answered"]) == ("whole", {})


def test_release_can_be_repeated_and_keeps_its_first_word(client: Client) -> None:
    lease_id = client.held()

    first = client.release(lease_id, {DISK: "snap-1"})
    second = client.release(lease_id, {DISK: "snap-2"})

    assert first == second


def test_another_holder_is_told_how_long_to_wait(client: Client) -> None:
    client.held(ttl_s=20)

    reply = client.lease()

    assert (reply.status, reply.body["code"]) == (409, "busy")
    assert 15000 < reply.body["retry_after_ms"] <= 20000


def test_an_operation_whose_creation_was_answered_is_not_taken_twice(client: Client) -> None:
    lease_id = client.held(operation="orders@1/g")
    client.release(lease_id, {DISK: "snap-1"})

    reply = client.lease(operation="orders@1/g")

    assert (reply.status, reply.body["code"]) == (409, "already-taken")
    assert reply.body["answered"] == {DISK: "snap-1"}


def test_an_operation_without_an_answer_may_be_tried_again(client: Client) -> None:
    client.release(client.held(operation="orders@1/g"))

    lease_id = client.held(operation="orders@1/g")

    assert lease_id


def test_the_journal_answers_for_an_operation(client: Client) -> None:
    first = client.held(operation="orders@1/g-h")
    client.release(first)
    second = client.held(operation="orders@1/g")
    client.release(second)

    found = client.call("GET", "/v1/leases?operation=orders%401%2Fg").body["leases"]

    assert [record["lease_id"] for record in found] == [second]


def test_the_journal_survives_the_agent_within_a_boot(
    agent: Agent, start_agent: Callable[..., Agent], orders: Orders
) -> None:
    client = agent.client()
    lease_id = client.held()
    client.release(lease_id, {DISK: "snap-1"})

    agent.kill()
    record = start_agent(orders.plan()).client().record(lease_id)

    assert (record["state"], record["answered"]) == ("RELEASED", {DISK: "snap-1"})


def test_an_unknown_lease_is_answered_with_the_boot(client: Client) -> None:
    reply = client.call("POST", f"/v1/leases/{secrets.token_hex(16)}/release", {"answered": {}})

    assert (reply.status, reply.body["code"]) == (410, "unknown-lease")
    assert reply.body["boot_id"] == client.send("GET", "/v1/hello").body["boot_id"]


def test_a_lock_that_cannot_be_had_fails_the_lease_and_leaves_nothing(client: Client, orders: Orders) -> None:
    writer = sqlite3.connect(orders.path)
    writer.execute("BEGIN IMMEDIATE")

    record = client.lease(budget_ms=1000).body
    writer.close()

    assert (record["state"], record["verdict"]) == ("FAILED", "broken")
    assert "BEGIN IMMEDIATE" in record["reason"]
    assert orders.is_writable()


def test_the_budget_bounds_everything_until_held(client: Client, orders: Orders) -> None:
    writer = sqlite3.connect(orders.path)
    writer.execute("BEGIN IMMEDIATE")

    started = time.monotonic()
    record = client.lease(budget_ms=400).body
    took_s = time.monotonic() - started
    writer.close()

    assert record["state"] == "FAILED"
    assert took_s < 1.9  # the engine's own wait is two seconds


def test_a_holder_who_hangs_up_before_held_gets_no_lease(agent: Agent, orders: Orders) -> None:
    client = agent.client()
    lease_id = secrets.token_hex(16)
    writer = sqlite3.connect(orders.path)
    writer.execute("BEGIN IMMEDIATE")
    body = (
        f'{{"lease_id": "{lease_id}", "operation": "o", "plan": "orders", "disks": ["{DISK}"],'
        ' "ttl_s": 30, "budget_ms": 20000}'
    ).encode()
    headers = client.sign("POST", "/v1/leases", body)
    client.connection.request("POST", "/v1/leases", body, headers)
    eventually(lambda: agent.client().call("GET", "/v1/status").body["state"] == "PREPARING")

    client.connection.sock.shutdown(socket.SHUT_RDWR)
    writer.close()
    eventually(lambda: agent.client().record(lease_id).get("state") in ("FAILED", "BROKEN"))

    assert orders.is_writable()


def test_a_signal_ends_an_agent_that_is_being_connected_to(agent: Agent) -> None:
    """A handler that raised was swallowed by whatever was accepting just then."""
    is_over = threading.Event()

    def knock() -> None:
        while not is_over.is_set():
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", agent.port), timeout=1).close()

    knockers = [threading.Thread(target=knock) for _ in range(4)]
    for knocker in knockers:
        knocker.start()
    code = agent.stop()
    is_over.set()
    for knocker in knockers:
        knocker.join()

    assert code == 0


def test_a_stopped_agent_lets_go(agent: Agent, orders: Orders) -> None:
    agent.client().held()

    code = agent.stop()

    assert code == 0
    assert orders.is_writable()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lease_id": "short"}, "lease_id"),
        ({"ttl_s": 61}, "ttl_s"),
        ({"ttl_s": True}, "ttl_s"),
        ({"ttl_s": "30"}, "ttl_s"),
        ({"budget_ms": 0}, "budget_ms"),
        ({"disks": []}, "disks"),
        ({"disks": [DISK, DISK]}, "disks"),
        ({"disks": [5]}, "disks"),
        ({"operation": "two words"}, "operation"),
        ({"command": "rm"}, "command"),
    ],
)
def test_a_wrong_field_is_named(client: Client, changes: dict[str, Any], field: str) -> None:
    reply = client.lease(**changes)

    assert (reply.status, reply.body["code"], reply.body["field"]) == (400, "bad-field", field)


def test_a_plan_that_the_host_lacks_is_refused_with_those_it_has(client: Client) -> None:
    reply = client.lease(plan="payroll")

    assert (reply.status, reply.body["code"]) == (422, "unknown-plan")
    assert "orders" in reply.body["message"]


def test_a_disk_that_the_plan_does_not_touch_is_refused(client: Client, orders: Orders) -> None:
    reply = client.lease(disks=[DISK, "disk-99999999"])

    assert (reply.status, reply.body["code"]) == (422, "wrong-disks")
    assert "disk-99999999" in reply.body["message"]
    assert orders.is_writable()


def test_a_disk_that_the_plan_writes_to_and_the_request_omits_is_refused(
    start_agent: Callable[..., Agent], orders: Orders
) -> None:
    extra = orders.path.parent.parent / "extra"
    extra.mkdir()
    plan = orders.plan(more=f"mounts = {extra}").replace(f"={DISK}", f"={DISK} {extra}=disk-22222222")
    client = start_agent(plan).client()

    reply = client.lease()

    assert (reply.status, reply.body["code"]) == (422, "wrong-disks")
    assert "disk-22222222" in reply.body["message"]


def test_check_tries_the_plan_without_holding(client: Client, orders: Orders) -> None:
    found = client.call("POST", "/v1/plans/orders/check", {"disks": [DISK]}).body

    assert (found["disks"], found["label"], found["problems"]) == ([DISK], "application", [])
    assert orders.is_writable()


def test_check_reports_a_database_that_is_not_there(client: Client, orders: Orders) -> None:
    orders.path.unlink()

    found = client.call("POST", "/v1/plans/orders/check", {"disks": [DISK]}).body

    assert "orders.db" in " ".join(problem["message"] for problem in found["problems"])


def test_status_tells_what_is_held(client: Client) -> None:
    idle = client.call("GET", "/v1/status").body
    lease_id = client.held()

    held = client.call("GET", "/v1/status").body

    assert (idle["state"], idle["lease"], idle["plans"]) == ("IDLE", None, ["orders"])
    assert (held["state"], held["lease"]["lease_id"]) == ("HELD", lease_id)
    eventually(
        lambda: set(client.call("GET", "/v1/status").body["guard"]) == {"memory_locked", "oom_score_adj"}
    )
