"""What can be asked of an agent, whatever the way to it.

How a request gets there is its heirs' business: `agent` by signed HTTP, `channel` by the cloud's commands;
what an answer says is read by `answers`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cbsnap.hosts import answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbsnap.ports.hosts import HostStatus, LeaseRecord, LeaseRequest, PlanCheck

QUICK_S = 10.0
CHECK_S = 30.0


class Verbs(ABC):
    """The ports `Host` and `Journal`, over `_ask`."""

    def check(self, plan: str, disk_ids: Sequence[str]) -> PlanCheck:
        """Try a plan without holding it."""
        body = {"disks": list(disk_ids)}
        return answers.plan_check(self._ask("POST", f"/v1/plans/{plan}/check", body, CHECK_S))

    def lease(self, request: LeaseRequest) -> LeaseRecord:
        """Hold a plan."""
        body = asdict(request)
        body["disks"] = list(body.pop("disk_ids"))
        answer = self._ask("POST", "/v1/leases", body, request.budget_ms / 1000 + QUICK_S)
        return answers.record_of(request.lease_id, answer)

    def release(self, lease_id: str, answered: Mapping[str, str]) -> LeaseRecord:
        """End a lease."""
        target = f"/v1/leases/{lease_id}/release"
        return answers.record_of(lease_id, self._ask("POST", target, {"answered": dict(answered)}, QUICK_S))

    def of_snapshot(self, snapshot_id: str) -> list[LeaseRecord]:
        """Return the leases whose release carried this snapshot."""
        return answers.records(self._ask("GET", f"/v1/leases?snapshot={snapshot_id}", None, QUICK_S))

    def status(self, timeout_s: float) -> HostStatus:
        """Return what the agent says of itself, and give the connection up; waits twice this at most."""
        try:
            return answers.status(self._ask("GET", "/v1/status", None, timeout_s))
        finally:
            self.close()

    @abstractmethod
    def _ask(
        self, method: str, target: str, body: Mapping[str, Any] | None, timeout_s: float
    ) -> dict[str, Any]:
        """Return what the agent answered, once it is no refusal. Raises a HostError."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection up; the next call opens another."""
