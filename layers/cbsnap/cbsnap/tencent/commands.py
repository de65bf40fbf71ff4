"""The port `Commands`, over TAT: shell scripts on instances, with no open port (version 2020-10-28)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from cbsnap.errors import CloudError
from cbsnap.ports.care import CommandOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbsnap.tencent.api import Api

PAGE = 100  # the most rows of a call (SDK)
RUN_TIMEOUT_S = 8.0  # of starting a command, for who holds a host meanwhile
PAGES = 20  # further back nobody looks: how long tasks are kept is not documented
# The states of a task that has not ended (SDK); all others are final.
_UNDER_WAY = {"PENDING", "DELIVERING", "DELIVER_DELAYED", "RUNNING", "CANCELLING"}
_RUN_TO_ITS_END = {"SUCCESS", "FAILED"}


class RegionCommands:
    """One region's command channel. The cloud keeps 24 KB of a command's output (SDK)."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def reaches(self, instance_id: str) -> bool:
        """Tell whether the channel's agent on the instance is online."""
        answer = self._api.read("tat", "DescribeAutomationAgentStatus", {"InstanceIds": [instance_id]})
        agents = answer.get("AutomationAgentSet") or []
        return any(one["InstanceId"] == instance_id and one["AgentStatus"] == "Online" for one in agents)

    def run(self, instance_id: str, script: str, timeout_s: int, name: str) -> str:
        """Start a script, once; `name` has letters, digits, hyphens, underlines, dots, 60 at most (SDK)."""
        answer = self._api.call(
            "tat",
            "RunCommand",
            {
                "Content": base64.b64encode(script.encode()).decode(),
                "InstanceIds": [instance_id],
                "CommandName": name,
                "CommandType": "SHELL",
                "Timeout": timeout_s,
            },
            RUN_TIMEOUT_S,
        )
        if not answer.get("InvocationId"):
            raise CloudError("NoInvocationId", "the answer names no invocation", answer.get("RequestId"))
        return str(answer["InvocationId"])

    def outcome(self, invocation_id: str) -> CommandOutcome | None:
        """Return what became of an invocation on its instance."""
        return next((_outcome(row) for row in self._tasks("invocation-id", invocation_id)), None)

    def named(self, instance_id: str, name: str) -> list[CommandOutcome]:
        """Return what became of commands of this name; no filter of the API's knows names (SDK)."""
        return [
            _outcome(row) for row in self._tasks("instance-id", instance_id) if row.get("CommandName") == name
        ]

    def latest(self, instance_id: str, prefix: str) -> CommandOutcome | None:
        """Return the newest of the instance's commands whose name begins so, among the last hundred.

        The newest come first [inferred: the order is not documented].
        """
        rows = self._page("instance-id", instance_id, 0).get("InvocationTaskSet") or []
        ours = (row for row in rows if str(row.get("CommandName") or "").startswith(prefix))
        return next((_outcome(row) for row in ours), None)

    def _tasks(self, filter_name: str, value: str) -> Iterator[dict[str, Any]]:
        for page in range(PAGES):
            answer = self._page(filter_name, value, page)
            yield from answer.get("InvocationTaskSet") or []
            if (page + 1) * PAGE >= answer["TotalCount"]:
                return

    def _page(self, filter_name: str, value: str, page: int) -> dict[str, Any]:
        filters = [{"Name": filter_name, "Values": [value]}]
        wanted = {"Filters": filters, "Limit": PAGE, "Offset": page * PAGE, "HideOutput": False}
        return self._api.read("tat", "DescribeInvocationTasks", wanted)


def _outcome(row: Mapping[str, Any]) -> CommandOutcome:
    status, result = row["TaskStatus"], row.get("TaskResult") or {}
    return CommandOutcome(
        invocation_id=row["InvocationId"],
        running=status in _UNDER_WAY,
        exit_code=result.get("ExitCode") if status in _RUN_TO_ITS_END else None,
        output=base64.b64decode(result.get("Output") or "").decode(errors="replace"),
        error="" if status in _RUN_TO_ITS_END else f"{status} {row.get('ErrorInfo') or ''}".strip(),
        name=row.get("CommandName") or "",
        at=row.get("CreatedTime") or "",
    )
