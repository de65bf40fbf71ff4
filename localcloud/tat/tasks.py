"""What became of commands, and which instances take any."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.errors import InvalidParameter
from localcloud.listing import Columns, Filter
from localcloud.moments import utc
from localcloud.parameters import AtMost, Between, Ids, Page
from localcloud.tat.service import SERVICE

if TYPE_CHECKING:
    from localcloud.errands import Task
    from localcloud.resources import Instance
    from localcloud.service import Answer, Call

Filters = Annotated[list[Filter], AtMost(10)]
_TASKS: Columns[Task] = Columns(
    {
        "invocation-task-id": lambda task: (task.id,),
        "invocation-id": lambda task: (task.invocation,),
        "instance-id": lambda task: (task.instance,),
        "command-id": lambda task: (task.command.id,),
    },
    values_at_most=5,
)
_INSTANCES: Columns[Instance] = Columns(
    {
        "agent-status": lambda instance: (_status(instance),),
        "environment": lambda _: ("Linux",),
        "instance-id": lambda instance: (instance.id,),
    },
    values_at_most=5,
)


def _moment(moment_s: float | None) -> str | None:
    return None if moment_s is None else utc(moment_s)


def _status(instance: Instance) -> str:
    return "Online" if instance.state == "RUNNING" else "Offline"


@SERVICE.action
@dataclass(frozen=True)
class DescribeInvocationTasks:
    """List tasks, the newest first [inferred]; their output only where it is asked for."""

    invocation_task_ids: Ids | None = None
    filters: Filters | None = None
    limit: Page = 20
    offset: Annotated[int, Between(0, 10**9)] = 0
    hide_output: bool = True

    def answer(self, call: Call) -> Answer:
        """Answer with a page of tasks and how many there are in all."""
        if self.invocation_task_ids and self.filters:
            raise InvalidParameter(name="Filters", reason="not together with InvocationTaskIds")
        mine = [each for each in call.cloud.errands.tasks.values() if each.instance in call.here.instances]
        wanted = self.invocation_task_ids or [each.id for each in mine]
        rows = _TASKS.choose([each for each in reversed(mine) if each.id in wanted], self.filters)
        page = rows[self.offset : self.offset + self.limit]
        return {
            "TotalCount": len(rows),
            "InvocationTaskSet": [_show(each, hide_output=self.hide_output) for each in page],
        }


def _show(task: Task, *, hide_output: bool) -> Answer:
    command = task.command
    return {
        "InvocationId": task.invocation,
        "InvocationTaskId": task.id,
        "CommandId": command.id,
        "CommandName": command.name,
        "InstanceId": task.instance,
        "TaskStatus": task.status,
        "ErrorInfo": task.error,
        "InvocationSource": "USER",
        "CreatedTime": utc(task.created_s),
        "UpdatedTime": utc(task.ended_s or task.started_s or task.created_s),
        "StartTime": _moment(task.started_s),
        "EndTime": _moment(task.ended_s),
        "TaskResult": {
            "ExitCode": task.exit_code,
            "Output": "" if hide_output else base64.b64encode(task.output).decode(),
            "ExecStartTime": _moment(task.started_s),
            "ExecEndTime": _moment(task.ended_s),
            "Dropped": task.dropped_bytes,
            "OutputUrl": "",
            "OutputUploadCOSErrorInfo": "",
        },
        "CommandDocument": {
            "Content": base64.b64encode(command.shown.encode()).decode(),
            "CommandType": "SHELL",
            "Timeout": command.timeout_s,
            "WorkingDirectory": command.folder,
            "Username": command.username,
            "OutputCOSBucketUrl": "",
            "OutputCOSKeyPrefix": "",
        },
    }


@SERVICE.action
@dataclass(frozen=True)
class DescribeAutomationAgentStatus:
    """List the instances that have the agent of the command channel; one that does not run is offline."""

    instance_ids: Ids | None = None
    filters: Filters | None = None
    limit: Page = 20
    offset: Annotated[int, Between(0, 10**9)] = 0

    def answer(self, call: Call) -> Answer:
        """Answer with a page of agents and how many there are in all."""
        if self.instance_ids and self.filters:
            raise InvalidParameter(name="Filters", reason="not together with InstanceIds")
        wanted = self.instance_ids or list(call.here.instances)
        found = [each for each in call.here.instances.values() if each.command_agent and each.id in wanted]
        rows = _INSTANCES.choose(found, self.filters)
        page = rows[self.offset : self.offset + self.limit]
        return {
            "TotalCount": len(rows),
            "AutomationAgentSet": [
                {
                    "InstanceId": each.id,
                    "Version": "1.0.0",
                    "LastHeartbeatTime": utc(call.now_s),
                    "AgentStatus": _status(each),
                    "Environment": "Linux",
                    "SupportFeatures": [],
                }
                for each in page
            ],
        }
