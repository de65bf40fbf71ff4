"""The command channel through the real SDK: what is run, what became of it, and who can be reached."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests
from cbsnap.clock import SystemClock
from cbsnap.errors import OutcomeUnknown, Refused
from cbsnap.tencent.api import Api
from cbsnap.tencent.commands import PAGE, RegionCommands
from cbsnap.tencent.credentials import EnvironmentCredentials

from localcloud.errands import Command, Task
from localcloud.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.ports.care import CommandOutcome

    from localcloud.pytest_plugin import LocalCloud

FLEET = """
regions:
  ap-guangzhou:
    instances:
      - {id: ins-1}
      - {id: ins-2}
      - {id: ins-stopped, state: STOPPED}
      - {id: ins-bare, command_agent: false}
"""
pytestmark = pytest.mark.fleet(FLEET)


@pytest.fixture
def commands(localcloud: LocalCloud) -> Iterator[RegionCommands]:
    keys = {"TENCENTCLOUD_SECRETID": localcloud.secret_id, "TENCENTCLOUD_SECRETKEY": localcloud.secret_key}
    yield RegionCommands(Api("ap-guangzhou", EnvironmentCredentials(keys), SystemClock(), localcloud.url))
    requests.post(f"{localcloud.url}/_local/reset", timeout=20)  # ends the commands that still run


def ended(commands: RegionCommands, invocation_id: str) -> CommandOutcome:
    """Wait for a command's end."""
    until = time.monotonic() + 20
    while (found := commands.outcome(invocation_id)) is None or found.running:
        assert time.monotonic() < until
        time.sleep(0.02)  # the condition that is polled is the command's end
    return found


def test_a_script_is_run_and_its_output_comes_back(commands: RegionCommands) -> None:
    outcome = ended(commands, commands.run("ins-1", "echo 'grüße'; exit 3", 60, "drill-1"))

    assert (outcome.running, outcome.exit_code, outcome.output, outcome.error) == (False, 3, "grüße\n", "")


def test_one_that_takes_too_long_says_so_and_has_no_exit_code(commands: RegionCommands) -> None:
    outcome = ended(commands, commands.run("ins-1", "echo begun; sleep 60", 1, "drill-1"))

    assert (outcome.exit_code, outcome.error, outcome.output) == (None, "TIMEOUT", "begun\n")


def test_commands_are_found_by_instance_and_name(commands: RegionCommands) -> None:
    made = [commands.run("ins-1", "true", 60, name) for name in ("drill-1", "drill-2", "drill-1")]
    commands.run("ins-2", "true", 60, "drill-1")

    found = commands.named("ins-1", "drill-1")

    assert sorted(one.invocation_id for one in found) == sorted([made[0], made[2]])
    assert commands.named("ins-1", "drill") == []


def test_a_name_is_found_behind_many_others(commands: RegionCommands, localcloud: LocalCloud) -> None:
    tasks = localcloud.cloud.errands.tasks
    for number in range(PAGE + 5):
        name = "wanted" if number == 0 else "other"
        command = Command("cmd-1", name, "true", "true")
        tasks[f"invt-{number}"] = Task(f"invt-{number}", f"inv-{number}", command, "ins-1", 0.0, "SUCCESS")

    assert [one.invocation_id for one in commands.named("ins-1", "wanted")] == ["inv-0"]


def test_an_unknown_invocation_has_no_outcome(commands: RegionCommands) -> None:
    assert commands.outcome("inv-nosuch00") is None


@pytest.mark.parametrize(
    ("instance_id", "reached"),
    [("ins-1", True), ("ins-stopped", False), ("ins-bare", False), ("ins-nosuch", False)],
)
def test_only_a_running_instance_with_the_channels_agent_is_reached(
    commands: RegionCommands,
    instance_id: str,
    reached: bool,  # noqa: FBT001 - a table's column
) -> None:
    assert commands.reaches(instance_id) is reached


def test_an_instance_that_takes_none_is_refused(commands: RegionCommands) -> None:
    with pytest.raises(Refused, match="AgentNotInstalled"):
        commands.run("ins-bare", "true", 60, "drill-1")


def test_a_lost_answer_is_not_sent_again_and_can_be_looked_up(
    commands: RegionCommands, localcloud: LocalCloud
) -> None:
    localcloud.cloud.faults.add([Fault("no_answer", action="RunCommand")])

    with pytest.raises(OutcomeUnknown):
        commands.run("ins-1", "true", 60, "drill-1")

    assert len(commands.named("ins-1", "drill-1")) == 1
