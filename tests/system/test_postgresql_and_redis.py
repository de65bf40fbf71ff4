"""PostgreSQL and Redis: real servers, on filesystems that are really frozen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.agent.driver import DISK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agent.driver import Agent
    from tests.system.loops import Loop
    from tests.system.servers import Postgres, Redis

pytestmark = pytest.mark.root

WAL_DISK = "disk-22222222"


@pytest.fixture
def two_disks(make_loop: Callable[..., Loop], make_postgres: Callable[..., Postgres]) -> Postgres:
    """Run a server with its data on one filesystem and its log on another."""
    data, wal = (make_loop(name, size_mib=256) for name in ("data", "wal"))
    for loop in (data, wal):
        loop.mount.chmod(0o777)
    return make_postgres(data.mount / "pg", wal.mount / "pg")


def plan(server: Postgres, steps: str = "postgresql sync freeze", more: str = "") -> str:
    wal = server.wal
    assert wal is not None
    return server.plan(steps, f"disks = {server.data.parent}={DISK} {wal.parent}={WAL_DISK}\n{more}")


def test_data_and_log_on_two_disks_are_frozen_at_one_moment(
    two_disks: Postgres, start_agent: Callable[..., Agent]
) -> None:
    client = start_agent(plan(two_disks)).client()

    lease_id = client.held(disks=[DISK, WAL_DISK])
    frozen = not two_disks.is_writable()
    record = client.release(lease_id, {DISK: "snap-1", WAL_DISK: "snap-2"})

    assert frozen
    assert two_disks.is_writable(within_s=10)
    assert record["verdict"] == "whole"
    assert {cover["disk_id"]: cover["label"] for cover in record["covers"]} == {
        DISK: "application",
        WAL_DISK: "application",
    }


def test_the_disk_of_the_log_must_be_asked_for(
    two_disks: Postgres, start_agent: Callable[..., Agent]
) -> None:
    reply = start_agent(plan(two_disks)).client().lease(disks=[DISK])

    assert (reply.status, reply.body["code"]) == (422, "wrong-disks")
    assert WAL_DISK in reply.body["message"]


def test_without_the_freeze_nothing_is_claimed(
    two_disks: Postgres, start_agent: Callable[..., Agent]
) -> None:
    client = start_agent(plan(two_disks, "postgresql sync")).client()

    record = client.release(client.held(disks=[DISK, WAL_DISK]))

    assert {cover["label"] for cover in record["covers"]} == {"crash"}


def test_the_log_position_goes_with_the_snapshot(
    two_disks: Postgres, start_agent: Callable[..., Agent]
) -> None:
    client = start_agent(plan(two_disks)).client()
    before = two_disks.run("SELECT pg_current_wal_lsn()")

    record = client.release(client.held(disks=[DISK, WAL_DISK]))

    marker = json.loads((two_disks.data.parent / ".cbsnap-pre").read_text())
    lsn = record["positions"]["postgresql"]["lsn"]
    assert two_disks.run(f"SELECT '{lsn}'::pg_lsn >= '{before}'::pg_lsn") == "t"
    assert marker["positions"] == record["positions"]


def test_a_restarted_server_breaks_the_proof(two_disks: Postgres, start_agent: Callable[..., Agent]) -> None:
    client = start_agent(plan(two_disks, "postgresql sync")).client()
    lease_id = client.held(disks=[DISK, WAL_DISK])

    two_disks.restart()

    assert client.release(lease_id)["state"] == "BROKEN"


def test_check_prints_the_grant_that_is_missing(
    two_disks: Postgres, start_agent: Callable[..., Agent]
) -> None:
    two_disks.run("CREATE ROLE weak LOGIN; GRANT pg_read_all_settings TO weak")
    client = start_agent(plan(two_disks).replace("user=postgres", "user=weak")).client()

    found = client.call("POST", "/v1/plans/orders/check", {"disks": [DISK, WAL_DISK]}).body

    assert [problem["code"] for problem in found["problems"]] == ["missing-privilege"]
    assert "GRANT pg_checkpoint TO weak" in found["problems"][0]["message"]


def test_a_server_that_is_down_fails_the_lease(
    two_disks: Postgres, start_agent: Callable[..., Agent]
) -> None:
    text = plan(two_disks).replace(f"port={two_disks.port}", "port=1")

    record = start_agent(text).client().lease(disks=[DISK, WAL_DISK]).body

    assert record["state"] == "FAILED"
    assert "postgresql" in record["reason"]


def redis_plan(redis: Redis, steps: str = "redis sync", more: str = "") -> str:
    return (
        f"[plan:orders]\nsteps = {steps}\nredis.socket = {redis.socket}\n"
        f"disks = {redis.folder}={DISK}\n{more}\n"
    )


def test_the_dump_is_saved_before_held(redis: Redis, start_agent: Callable[..., Agent]) -> None:
    redis.start()
    redis.run("set", "orders", "41")
    client = start_agent(redis_plan(redis)).client()

    record = client.release(client.held())

    assert (redis.folder / "dump.rdb").stat().st_size > 0
    assert record["verdict"] == "whole"
    assert (record["covers"][0]["how"], record["covers"][0]["label"]) == ("sync", "application")
    assert record["positions"]["redis"]["saved_at_s"] > 0
    assert any("BGSAVE" in caveat for caveat in record["caveats"])


def test_an_append_only_server_is_refused_unless_allowed(
    redis: Redis, start_agent: Callable[..., Agent]
) -> None:
    redis.start("--appendonly", "yes")

    record = start_agent(redis_plan(redis)).client().lease().body

    assert record["state"] == "FAILED"
    assert "redis.allow_append_only = yes" in record["reason"]


def test_an_append_only_server_without_a_freeze_earns_nothing(
    redis: Redis, start_agent: Callable[..., Agent]
) -> None:
    redis.start("--appendonly", "yes")
    client = start_agent(redis_plan(redis, more="redis.allow_append_only = yes")).client()

    assert client.release(client.held())["covers"][0]["label"] == "crash"


def test_a_redis_that_ended_while_held_breaks_the_proof(
    redis: Redis, start_agent: Callable[..., Agent]
) -> None:
    redis.start()
    client = start_agent(redis_plan(redis)).client()
    lease_id = client.held()

    redis.stop()

    assert client.release(lease_id)["state"] == "BROKEN"


def test_a_save_that_fails_fails_the_lease(redis: Redis, start_agent: Callable[..., Agent]) -> None:
    redis.start("--dbfilename", "dump.rdb")
    (redis.folder / "dump.rdb").mkdir()  # the rename at the end of a save cannot replace a folder
    redis.run("set", "orders", "41")

    record = start_agent(redis_plan(redis)).client().lease(budget_ms=5000).body

    assert record["state"] == "FAILED"
    assert "BGSAVE" in record["reason"]
