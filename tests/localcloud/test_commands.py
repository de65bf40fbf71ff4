from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tencentcloud.common.exception import TencentCloudSDKException

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[..., dict[str, Any]]

FLEET = """
regions:
  ap-guangzhou:
    instances:
      - {id: ins-one, env: {GREETING: hello}}
      - {id: ins-two}
      - {id: ins-stopped, state: STOPPED}
      - {id: ins-bare, command_agent: false}
"""
pytestmark = pytest.mark.fleet(FLEET)


def encoded(script: str) -> str:
    return base64.b64encode(script.encode()).decode()


def run(call: Call, script: str, **asked: object) -> dict[str, Any]:
    """Run a script on ins-one, and return the task when it has ended."""
    asked = {"InstanceIds": ["ins-one"]} | asked
    return ended(call, call("tat", "RunCommand", Content=encoded(script), **asked)["InvocationId"])[0]


def ended(call: Call, invocation: str) -> list[dict[str, Any]]:
    filters = [{"Name": "invocation-id", "Values": [invocation]}]
    until = time.monotonic() + 30
    while time.monotonic() < until:
        answer = call("tat", "DescribeInvocationTasks", Filters=filters, HideOutput=False)
        tasks: list[dict[str, Any]] = answer["InvocationTaskSet"]
        if all(each["EndTime"] for each in tasks):
            return tasks
        time.sleep(0.02)  # the condition that is polled is the tasks' end
    raise AssertionError("the command did not end")


def output(task: dict[str, Any]) -> str:
    return base64.b64decode(task["TaskResult"]["Output"]).decode()


def test_a_command_runs_in_the_instances_own_folder(call: Call) -> None:
    first = run(call, 'echo "$GREETING from $INSTANCE_ID"; echo kept > file; echo oops >&2')
    second = run(call, "cat file")
    other = run(call, "cat file", InstanceIds=["ins-two"])

    assert (first["TaskStatus"], output(first)) == ("SUCCESS", "hello from ins-one\noops\n")
    assert output(second) == "kept\n"
    assert (other["TaskStatus"], other["TaskResult"]["ExitCode"]) == ("FAILED", 1)


def test_every_instance_has_a_task_of_its_own(call: Call) -> None:
    invocation = call(
        "tat", "RunCommand", Content=encoded("echo $INSTANCE_ID"), InstanceIds=["ins-one", "ins-two"]
    )

    tasks = ended(call, invocation["InvocationId"])

    assert {output(each) for each in tasks} == {"ins-one\n", "ins-two\n"}


def test_a_command_ends_with_its_time_and_all_that_it_started(call: Call) -> None:
    task = run(call, "sleep 600 & echo $!; wait", Timeout=1)

    child = Path("/proc") / output(task).strip() / "stat"

    assert task["TaskStatus"] == "TIMEOUT"
    assert not child.exists() or child.read_text().split()[2] == "Z"


def test_output_is_cut_at_24_kilobytes_and_says_so(call: Call) -> None:
    task = run(call, "head -c 30000 /dev/zero | tr '\\0' x")

    assert len(output(task)) == 24 * 1024
    assert task["TaskResult"]["Dropped"] == 30_000 - 24 * 1024


def test_output_is_hidden_unless_asked_for(call: Call) -> None:
    run(call, "echo secret")

    hidden = call("tat", "DescribeInvocationTasks")["InvocationTaskSet"][0]

    assert hidden["TaskResult"]["Output"] == ""


def test_parameters_are_filled_in_and_hidden_ones_are_not_shown(call: Call) -> None:
    task = run(
        call,
        "echo {{word}} {{tat-hidden:key}}",
        EnableParameter=True,
        DefaultParameters=json.dumps({"word": "default"}),
        Parameters=json.dumps({"key": "s3cret"}),
    )

    assert output(task) == "default s3cret\n"
    assert base64.b64decode(task["CommandDocument"]["Content"]) == b"echo default ******"


def test_a_saved_command_is_run_again_with_other_parameters(call: Call) -> None:
    saved = call(
        "tat",
        "RunCommand",
        Content=encoded("echo {{word}}"),
        InstanceIds=["ins-one"],
        SaveCommand=True,
        EnableParameter=True,
        Parameters=json.dumps({"word": "first"}),
    )["CommandId"]

    again = call(
        "tat",
        "InvokeCommand",
        CommandId=saved,
        InstanceIds=["ins-one"],
        Parameters=json.dumps({"word": "second"}),
    )

    assert output(ended(call, again["InvocationId"])[0]) == "second\n"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"InstanceIds": ["ins-none"]}, "ResourceNotFound.InstanceNotFound"),
        ({"InstanceIds": ["ins-one", "ins-stopped"]}, "ResourceUnavailable.InstanceStateNotRunning"),
        ({"InstanceIds": ["ins-bare"]}, "ResourceUnavailable.AgentNotInstalled"),
        ({"Content": "not base64!"}, "InvalidParameterValue.CommandContentInvalid"),
        ({"Content": "A" * 65_540}, "InvalidParameterValue.CommandContentInvalid"),
        ({"Timeout": 0}, "InvalidParameterValue"),
        ({"Parameters": "{}x", "EnableParameter": True}, "InvalidParameterValue.ParameterInvalidJsonFormat"),
        ({"Parameters": "{}"}, "InvalidParameterValue.ParameterDisabled"),
        ({"Content": "e3trZXl9fQ==", "EnableParameter": True}, "InvalidParameterValue.LackOfParameters"),
    ],
)
def test_a_command_that_cannot_run_is_refused(call: Call, asked: dict[str, object], expected: str) -> None:
    good = {"Content": encoded("true"), "InstanceIds": ["ins-one"]}

    with pytest.raises(TencentCloudSDKException) as refused:
        call("tat", "RunCommand", **good | asked)

    assert refused.value.code == expected
    assert call("tat", "DescribeInvocationTasks")["TotalCount"] == 0


def test_a_folder_that_is_not_there_is_a_failed_start(call: Call) -> None:
    task = run(call, "pwd", WorkingDirectory="/nowhere")

    assert task["TaskStatus"] == "START_FAILED"
    assert "No such file" in task["ErrorInfo"]


def test_an_instance_that_does_not_run_is_offline(call: Call) -> None:
    answer = call("tat", "DescribeAutomationAgentStatus")
    online = call(
        "tat", "DescribeAutomationAgentStatus", Filters=[{"Name": "agent-status", "Values": ["Online"]}]
    )

    assert {each["InstanceId"]: each["AgentStatus"] for each in answer["AutomationAgentSet"]} == {
        "ins-one": "Online",
        "ins-two": "Online",
        "ins-stopped": "Offline",
    }
    assert online["TotalCount"] == 2
