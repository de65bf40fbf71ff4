"""Commands of the host's own: bounded, undone whatever happens, trusted only as far as they are attested."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from tests.agent.driver import DISK, eventually, is_alive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.agent.driver import Agent, Reply


def plan(folder: Path, pre: str = "true", post: str = "true", more: str = "") -> str:
    """Return a plan whose commands note that they were called, and then do this."""
    (folder / "data").mkdir(exist_ok=True)
    return (
        f"[plan:orders]\nsteps = command sync\nmounts = {folder}/data\ndisks = {folder}/data={DISK}\n"
        f"command.shell = yes\ncommand.pre = echo pre >> {folder}/calls; {pre}\n"
        f"command.post = echo post >> {folder}/calls; {post}\n{more}\n"
    )


def calls(folder: Path) -> list[str]:
    path = folder / "calls"
    return path.read_text().split() if path.exists() else []


def test_pre_runs_before_held_and_post_after_the_release(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    client = start_agent(plan(tmp_path)).client()

    lease_id = client.held()
    held = calls(tmp_path)
    record = client.release(lease_id)

    assert held == ["pre"]
    assert calls(tmp_path) == ["pre", "post"]
    assert (record["verdict"], record["covers"][0]["label"]) == ("whole", "crash")


def test_what_a_command_earns_is_attested_and_said_to_be(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    client = start_agent(plan(tmp_path, more="attests = application")).client()

    record = client.release(client.held())

    assert record["covers"][0]["label"] == "application"
    assert any("attested" in caveat for caveat in record["caveats"])


def test_post_runs_though_pre_failed(start_agent: Callable[..., Agent], tmp_path: Path) -> None:
    record = start_agent(plan(tmp_path, pre="exit 3")).client().lease().body

    assert (record["state"], calls(tmp_path)) == ("FAILED", ["pre", "post"])
    assert "exit status 3" in record["reason"]


def test_a_pre_that_takes_too_long_is_killed_and_post_runs(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    text = plan(tmp_path, pre=f"echo $$ > {tmp_path}/pid; sleep 60", more="command.timeout_s = 0.3")

    record = start_agent(text).client().lease().body

    assert (record["state"], calls(tmp_path)) == ("FAILED", ["pre", "post"])
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_slow_post_at_expiry_does_not_cost_a_healthy_agent_its_life(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    agent = start_agent(plan(tmp_path, post=f"sleep 1.5; echo done >> {tmp_path}/calls"))
    client = agent.client()

    lease_id = client.held(ttl_s=0.3)
    eventually(lambda: calls(tmp_path) == ["pre", "post", "done"])

    assert client.release(lease_id)["state"] == "EXPIRED"
    assert agent.process.poll() is None


def test_a_release_just_before_the_deadline_may_take_long_to_undo(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    client = start_agent(plan(tmp_path, post="sleep 1.5")).client()

    lease_id = client.held(ttl_s=0.5)
    record = client.release(lease_id, {DISK: "snap-1"})

    assert (record["state"], record["verdict"]) == ("RELEASED", "whole")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_post_runs_when_the_agent_is_gone_or_hangs(
    start_agent: Callable[..., Agent], tmp_path: Path, number: signal.Signals
) -> None:
    agent = start_agent(plan(tmp_path))
    agent.client().held(ttl_s=0.3)

    agent.process.send_signal(number)
    eventually(lambda: calls(tmp_path) == ["pre", "post"])

    assert calls(tmp_path) == ["pre", "post"]


def test_an_agent_killed_while_pre_runs_ends_it_and_runs_post(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    agent = start_agent(plan(tmp_path, pre=f"echo $$ > {tmp_path}/pid; sleep 60"))
    client = agent.client()
    asking = threading.Thread(target=_ask_in_vain, args=(client.lease,))
    asking.start()
    eventually((tmp_path / "pid").exists)
    eventually(lambda: (tmp_path / "pid").read_text().strip())

    agent.kill()
    asking.join()

    eventually(lambda: calls(tmp_path) == ["pre", "post"])
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_post_that_is_killed_is_run_again(start_agent: Callable[..., Agent], tmp_path: Path) -> None:
    once = f"[ -e {tmp_path}/again ] || {{ touch {tmp_path}/again; echo $$ > {tmp_path}/pid; sleep 60; }}"
    agent = start_agent(plan(tmp_path, post=once))
    agent.client().held()

    agent.kill()
    eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGTERM)  # as a service manager that stops the rest

    eventually(lambda: calls(tmp_path) == ["pre", "post", "post"])
    eventually(lambda: not list((agent.runtime_dir / "owed").iterdir()))


def test_a_post_that_cannot_end_stays_owed_until_it_can(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.touch()
    text = plan(tmp_path, post=f"while [ -e {blocked} ]; do sleep 0.1; done", more="command.timeout_s = 0.2")
    agent = start_agent(text)
    client = agent.client()

    record = client.release(client.held())
    eventually(lambda: client.lease().status == 201)
    failed = client.lease().body
    owed = client.call("GET", "/v1/status").body["owed"]
    blocked.unlink()
    client.held()

    assert any("stays owed" in caveat for caveat in record["caveats"])
    assert (failed["state"], len(owed)) == ("FAILED", 1)
    assert "of an earlier lease" in failed["reason"]


def test_the_agent_runs_post_when_the_guard_is_killed(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    agent = start_agent(plan(tmp_path))
    client = agent.client()
    lease_id = client.held()

    os.kill(agent.guard_pid(), signal.SIGKILL)
    eventually(lambda: calls(tmp_path) == ["pre", "post"])

    assert client.release(lease_id)["state"] == "BROKEN"


def test_a_post_that_somebody_had_run_while_it_was_held_breaks_the_proof(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    agent = start_agent(plan(tmp_path, more="attests = application"))
    client = agent.client()
    lease_id = client.held()

    agent.thaw_all()
    record = client.release(lease_id, {DISK: "snap-1"})

    assert (record["state"], record["covers"][0]["label"]) == ("BROKEN", "crash")
    assert "undone while it was held" in record["reason"]


def test_the_guard_killed_while_pre_runs_ends_it_and_runs_post(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    agent = start_agent(plan(tmp_path, pre=f"echo $$ > {tmp_path}/pid; while :; do :; done"))
    replies: list[Reply] = []
    client = agent.client()
    asking = threading.Thread(target=lambda: replies.append(client.lease()))
    asking.start()
    eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())

    os.kill(agent.guard_pid(), signal.SIGKILL)
    asking.join()

    assert replies[0].body["state"] == "FAILED"
    assert calls(tmp_path) == ["pre", "post"]
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_post_that_fails_is_a_caveat(start_agent: Callable[..., Agent], tmp_path: Path) -> None:
    client = start_agent(plan(tmp_path, post="exit 4")).client()

    record = client.release(client.held())

    assert record["verdict"] == "whole"
    assert any("ended with 4" in caveat for caveat in record["caveats"])


def test_a_command_gets_the_environment_of_the_plan_and_no_more(
    start_agent: Callable[..., Agent], tmp_path: Path
) -> None:
    text = plan(tmp_path, pre=f"env > {tmp_path}/environment", more="command.environment = COLOUR='sky blue'")
    start_agent(text).client().held()

    found = (tmp_path / "environment").read_text().splitlines()

    assert "COLOUR=sky blue" in found
    assert {line.split("=")[0] for line in found} <= {"COLOUR", "PATH", "LANG", "PWD", "SHLVL", "_"}


def _ask_in_vain(lease: Callable[[], object]) -> None:
    with pytest.raises(OSError, match=r".*"):
        lease()
