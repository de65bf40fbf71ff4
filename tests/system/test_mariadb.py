"""The lock on a real MariaDB server, and everything that can take it away."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.agent.driver import DISK, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.agent.driver import Agent
    from tests.system.servers import MariaDb

pytestmark = pytest.mark.root

LOCKS = ["tables", "backup-stage"]


@pytest.mark.parametrize("lock", LOCKS)
def test_writers_wait_from_held_to_release(
    mariadb: MariaDb, start_packed: Callable[..., Agent], lock: str
) -> None:
    client = start_packed(mariadb.plan(more=f"mysql.lock = {lock}")).client()

    lease_id = client.held()
    locked = not mariadb.is_writable()
    record = client.release(lease_id, {DISK: "snap-1"})

    assert locked
    assert mariadb.is_writable(within_s=10)
    assert record["verdict"] == "whole"
    assert (record["covers"][0]["how"], record["covers"][0]["label"]) == ("lock+sync", "application")


def test_the_markers_in_a_data_directory_are_no_database(
    mariadb: MariaDb, start_packed: Callable[..., Agent]
) -> None:
    client = start_packed(mariadb.plan()).client()

    client.release(client.held())

    assert (mariadb.data / ".cbsnap-pre").exists()
    assert "cbsnap" not in mariadb.run("SHOW DATABASES")


def test_the_positions_are_those_of_the_locked_server(
    mariadb: MariaDb, start_packed: Callable[..., Agent]
) -> None:
    client = start_packed(mariadb.plan()).client()

    lease_id = client.held()
    status = mariadb.run("SHOW MASTER STATUS").split()
    gtid = mariadb.run("SELECT @@gtid_binlog_pos").strip()
    positions = client.release(lease_id)["positions"]["mysql"]

    assert positions["binlog"] == {"file": status[0], "position": int(status[1])}
    assert positions["gtid"] == gtid
    assert "MariaDB" in positions["version"]


@pytest.mark.parametrize("lock", LOCKS)
def test_the_agent_killed_unlocks_at_once(
    mariadb: MariaDb, start_packed: Callable[..., Agent], lock: str
) -> None:
    agent = start_packed(mariadb.plan(more=f"mysql.lock = {lock}"))
    agent.client().held()

    agent.kill()

    assert mariadb.is_writable(within_s=10)


def test_the_agent_hung_is_ended_at_the_deadline(
    mariadb: MariaDb, start_packed: Callable[..., Agent]
) -> None:
    agent = start_packed(mariadb.plan())
    agent.client().held(ttl_s=0.5)

    agent.process.send_signal(signal.SIGSTOP)

    assert mariadb.is_writable(within_s=10)


def test_expiry_unlocks(mariadb: MariaDb, start_packed: Callable[..., Agent]) -> None:
    client = start_packed(mariadb.plan()).client()

    lease_id = client.held(ttl_s=0.5)

    assert mariadb.is_writable(within_s=10)
    assert client.release(lease_id)["state"] == "EXPIRED"


def test_a_server_that_hangs_at_expiry_does_not_cost_a_healthy_agent_its_life(
    mariadb: MariaDb, start_packed: Callable[..., Agent]
) -> None:
    agent = start_packed(mariadb.plan())
    client = agent.client()
    lease_id = client.held(ttl_s=0.5)

    mariadb.process.send_signal(signal.SIGSTOP)
    try:
        eventually(lambda: client.record(lease_id)["state"] == "EXPIRED")
    finally:
        mariadb.process.send_signal(signal.SIGCONT)

    assert agent.process.poll() is None
    assert mariadb.is_writable(within_s=10)


def test_a_killed_session_breaks_the_proof(mariadb: MariaDb, start_packed: Callable[..., Agent]) -> None:
    client = start_packed(mariadb.plan()).client()
    lease_id = client.held()

    for session in _agent_sessions(mariadb):
        mariadb.run(f"KILL {session}")
    record = client.release(lease_id, {DISK: "snap-1"})

    assert (record["state"], record["verdict"]) == ("BROKEN", "broken")
    assert "session" in record["reason"]


def test_a_restarted_server_breaks_the_proof(mariadb: MariaDb, start_packed: Callable[..., Agent]) -> None:
    client = start_packed(mariadb.plan()).client()
    lease_id = client.held()

    mariadb.restart()
    record = client.release(lease_id, {DISK: "snap-1"})

    assert record["verdict"] == "broken"
    assert mariadb.is_writable(within_s=10)


def test_a_short_wait_timeout_of_the_server_does_not_take_the_lock(
    mariadb: MariaDb, start_packed: Callable[..., Agent]
) -> None:
    mariadb.run("SET GLOBAL wait_timeout = 1")
    client = start_packed(mariadb.plan()).client()

    lease_id = client.held()
    eventually(lambda: _longest_s(mariadb, "Sleep") >= 2)
    locked = not mariadb.is_writable()
    record = client.release(lease_id)
    mariadb.run("SET GLOBAL wait_timeout = 28800")

    assert locked
    assert record["verdict"] == "whole"


def test_a_long_query_fails_the_lease_before_anything_is_locked(
    mariadb: MariaDb, start_packed: Callable[..., Agent]
) -> None:
    client = start_packed(mariadb.plan(more="mysql.long_query_s = 0.5")).client()

    with _running(mariadb, "SELECT SLEEP(30)"):
        eventually(lambda: _longest_s(mariadb, "Query") >= 1)
        record = client.lease(budget_ms=6000).body

    assert record["state"] == "FAILED"
    assert mariadb.is_writable(within_s=10)


def test_a_lock_that_is_not_granted_leaves_no_writer_stalled(
    mariadb: MariaDb, start_packed: Callable[..., Agent]
) -> None:
    """Another session's table lock keeps ours waiting; a failed try's own session must not linger."""
    client = start_packed(mariadb.plan()).client()

    with _running(mariadb, "LOCK TABLES shop.orders WRITE; SELECT SLEEP(30)"):
        eventually(lambda: not mariadb.is_writable())
        record = client.lease(budget_ms=6000).body
        sessions = _agent_sessions(mariadb)

    assert record["state"] == "FAILED"
    assert sessions == []
    assert mariadb.is_writable(within_s=10)


def test_the_budget_bounds_the_wait_for_the_lock(
    mariadb: MariaDb, start_packed: Callable[..., Agent]
) -> None:
    agent = start_packed(mariadb.plan())

    with _running(mariadb, "LOCK TABLES shop.orders WRITE; SELECT SLEEP(30)"):
        eventually(lambda: not mariadb.is_writable())
        record = agent.client().lease(budget_ms=700).body
        sessions = _agent_sessions(mariadb)

    assert record["state"] == "FAILED"
    assert {step["name"]: step["ms"] for step in record["steps"]}["lock"] < 1700
    assert sessions == []
    assert agent.process.poll() is None


def test_the_wrong_role_is_refused(mariadb: MariaDb, start_packed: Callable[..., Agent]) -> None:
    record = start_packed(mariadb.plan(more="mysql.role = replica")).client().lease().body

    assert record["state"] == "FAILED"
    assert "primary" in record["reason"]


def test_check_prints_the_grant_that_is_missing(mariadb: MariaDb, start_packed: Callable[..., Agent]) -> None:
    mariadb.run("CREATE OR REPLACE USER weak@localhost; GRANT PROCESS ON *.* TO weak@localhost")
    client = start_packed(mariadb.plan(user="weak")).client()

    found = client.call("POST", "/v1/plans/orders/check", {"disks": [DISK]}).body

    assert [problem["code"] for problem in found["problems"]] == ["missing-privilege"]
    assert found["problems"][0]["message"] == "GRANT RELOAD, BINLOG MONITOR ON *.* TO 'weak'@'localhost'"


@pytest.mark.parametrize(
    ("rights", "earned"),
    [("RELOAD, PROCESS, BINLOG MONITOR", "application"), ("RELOAD, BINLOG MONITOR", "crash")],
)
def test_a_server_that_does_not_say_where_its_tables_lie_earns_nothing(
    mariadb: MariaDb, start_packed: Callable[..., Agent], rights: str, earned: str
) -> None:
    mariadb.run(f"CREATE OR REPLACE USER reader@localhost; GRANT {rights} ON *.* TO reader@localhost")
    client = start_packed(mariadb.plan(user="reader")).client()

    record = client.release(client.held())

    assert (record["verdict"], record["covers"][0]["label"]) == ("whole", earned)
    assert any("where its tables lie" in caveat for caveat in record["caveats"]) == (earned == "crash")


def test_check_holds_nothing_and_names_the_disk(mariadb: MariaDb, start_packed: Callable[..., Agent]) -> None:
    client = start_packed(mariadb.plan()).client()

    found = client.call("POST", "/v1/plans/orders/check", {"disks": [DISK]}).body

    assert (found["disks"], found["label"], found["problems"]) == ([DISK], "application", [])
    assert mariadb.is_writable()


def test_a_server_that_is_down_fails_the_lease(mariadb: MariaDb, start_packed: Callable[..., Agent]) -> None:
    plan = mariadb.plan().replace("mysqld.sock", "nobody.sock")

    record = start_packed(plan).client().lease().body

    assert record["state"] == "FAILED"
    assert "cannot connect" in record["reason"]


def test_an_open_transaction_is_a_caveat(mariadb: MariaDb, start_packed: Callable[..., Agent]) -> None:
    client = start_packed(mariadb.plan()).client()

    with _running(mariadb, "BEGIN; INSERT INTO shop.orders VALUES (2); SELECT SLEEP(30)"):
        eventually(lambda: mariadb.run("SELECT COUNT(*) FROM information_schema.innodb_trx").strip() == "1")
        record = client.lease().body
        client.release(record["lease_id"])

    assert any("transactions were open" in caveat for caveat in record["caveats"])


def _agent_sessions(mariadb: MariaDb) -> list[str]:
    return mariadb.run(
        "SELECT id FROM information_schema.processlist WHERE user = 'root' AND id <> CONNECTION_ID()"
        " AND command = 'Sleep'"
    ).split()


def _longest_s(mariadb: MariaDb, command: str) -> int:
    rows = [line.split("\t") for line in mariadb.run("SHOW PROCESSLIST").splitlines()]
    return max((int(row[5]) for row in rows if row[4] == command), default=0)


@contextlib.contextmanager
def _running(mariadb: MariaDb, statement: str) -> Iterator[None]:
    session = subprocess.Popen(mariadb.client("-e", statement), stdout=subprocess.DEVNULL)
    eventually(lambda: "SLEEP" in mariadb.run("SHOW FULL PROCESSLIST"))
    yield
    os.kill(session.pid, signal.SIGKILL)
    session.wait()
    for row in mariadb.run("SHOW PROCESSLIST").splitlines():
        if "SLEEP" in row:
            mariadb.run(f"KILL {row.split()[0]}")
