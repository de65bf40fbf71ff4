"""The commands of a person on the host, against a running agent."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.agent.driver import AGENT_HOME, DISK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.agent.driver import Agent, Orders


def run(agent: Agent, *arguments: str) -> tuple[int, Any]:
    """Run a command; return its exit code and what it printed, parsed where it is JSON."""
    done = subprocess.run(
        [agent.python, "-m", "cbsnap_agent", arguments[0], "--config", str(agent.folder / "agent.ini"),
         *arguments[1:]],
        env={"PYTHONPATH": str(AGENT_HOME)}, stdout=subprocess.PIPE, check=False, cwd="/",
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith(b"{") else done.stdout.decode()


def test_hold_and_release_by_hand(agent: Agent, orders: Orders) -> None:
    code, record = run(agent, "hold", "orders")
    locked = not orders.is_writable()
    released, proof = run(agent, "release", record["lease_id"], f"{DISK}=snap-1")

    assert (code, record["state"], locked) == (0, "HELD", True)
    assert (released, proof["verdict"], proof["answered"]) == (0, "whole", {DISK: "snap-1"})
    assert orders.is_writable()


def test_a_pause_refuses_leases_at_once_with_its_reason(agent: Agent, orders: Orders) -> None:
    paused, _ = run(agent, "pause", "schema change")
    reply = agent.client().lease()
    status = agent.client().call("GET", "/v1/status").body
    resumed, _ = run(agent, "resume")

    assert (paused, resumed) == (0, 0)
    assert (reply.status, reply.body["code"]) == (409, "paused")
    assert "schema change" in reply.body["message"]
    assert status["paused"]
    assert agent.client().held()
    assert not orders.is_writable()


def test_status_shows_what_is_held(agent: Agent) -> None:
    lease_id = agent.client().held()

    code, status = run(agent, "status")

    assert (code, status["state"], status["lease"]["lease_id"]) == (0, "HELD", lease_id)


def test_without_metadata_what_is_held_can_be_seen_and_ended_but_nothing_new_begun(
    start_agent: Callable[..., Agent], orders: Orders
) -> None:
    agent = start_agent(orders.plan(), settings="metadata = http://127.0.0.1:9/")

    assert run(agent, "status")[0] == 0
    assert run(agent, "release", "ab" * 16)[1]["code"] == "unknown-lease"
    assert run(agent, "hold", "orders", DISK)[1]["code"] == "wrong-instance"


def test_check_says_what_the_plan_would_earn(agent: Agent) -> None:
    code, found = run(agent, "check", "orders")

    assert (code, found["label"], found["disks"]) == (0, "application", [DISK])


def test_check_fails_on_a_problem(agent: Agent, orders: Orders) -> None:
    orders.path.unlink()

    code, found = run(agent, "check", "orders")

    assert code == 1
    assert found["problems"]


def test_verify_tells_a_cut_inside_a_lease_from_a_late_one(
    agent: Agent, orders: Orders, tmp_path: Path
) -> None:
    client = agent.client()

    lease_id = client.held()
    shutil.copytree(orders.path.parent, tmp_path / "inside")
    client.release(lease_id)
    shutil.copytree(orders.path.parent, tmp_path / "late")
    found = {name: verify(agent, str(tmp_path / name)) for name in ("inside", "late", "nowhere")}

    assert found["inside"] == (0, "inside")
    assert found["late"] == (1, "late")
    assert found["nowhere"] == (1, "unknown")
    assert verify(agent, str(tmp_path / "inside"), "--lease", "0" * 32) == (1, "unknown")


def verify(agent: Agent, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [agent.python, "-m", "cbsnap_agent", "verify", *arguments],
        env={"PYTHONPATH": str(AGENT_HOME)}, stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)["cut"]


def test_without_an_agent_the_commands_say_so(agent: Agent) -> None:
    agent.stop()

    code, _ = run(agent, "status")

    assert code == 2


def test_an_unknown_key_names_file_line_section_and_key(agent: Agent) -> None:
    path = Path(agent.folder / "agent.ini")
    path.write_text(path.read_text() + "colour = green\n")
    line = path.read_text().splitlines().index("colour = green") + 1
    agent.stop()

    process = agent.spawn("serve")

    assert process.wait(10) == 2
    assert f"agent.ini:{line}: [plan:orders] colour: is not known here" in (agent.folder / "log").read_text()


def test_a_second_agent_on_the_same_directory_is_refused(agent: Agent) -> None:
    process = agent.spawn("serve")

    assert process.wait(10) == 2
    assert "in use by another agent" in (agent.folder / "log").read_text()


def test_keys_that_others_can_read_are_refused(agent: Agent, start_agent: Callable[..., Agent]) -> None:
    del start_agent
    agent.stop()
    (agent.folder / "keys").chmod(0o644)

    process = agent.spawn("serve")

    assert process.wait(10) == 2
    assert "chmod 600" in (agent.folder / "log").read_text()
