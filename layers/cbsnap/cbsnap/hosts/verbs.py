"""What can be asked of an agent, whatever the way to it, and what its answers mean.

How a request gets there is its heirs' business: `agent` by signed HTTP, `channel` by the cloud's commands.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cbsnap.errors import AlreadyTaken, HostBusy, HostError, HostRefused, HostUntrusted
from cbsnap.model import Label
from cbsnap.ports import Cover, HostStatus, LeaseRecord, PlanCheck

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbsnap.ports import LeaseRequest

QUICK_S = 10.0
CHECK_S = 30.0


class Verbs(ABC):
    """The ports `Host` and `Journal`, over `_ask`."""

    def check(self, plan: str, disk_ids: Sequence[str]) -> PlanCheck:
        """Try a plan without holding it."""
        answer = self._ask("POST", f"/v1/plans/{plan}/check", {"disks": list(disk_ids)}, CHECK_S)
        return PlanCheck(
            disk_ids=frozenset(answer["disks"]),
            # How the plan's disks fit those that were asked about is for the caller to judge.
            problems=tuple(one["message"] for one in answer["problems"] if one.get("field") != "disks"),
            label=str(answer.get("label") or ""),
        )

    def lease(self, request: LeaseRequest) -> LeaseRecord:
        """Hold a plan."""
        body = asdict(request)
        body["disks"] = list(body.pop("disk_ids"))
        return _record(self._ask("POST", "/v1/leases", body, request.budget_ms / 1000 + QUICK_S))

    def release(self, lease_id: str, answered: Mapping[str, str]) -> LeaseRecord:
        """End a lease."""
        target = f"/v1/leases/{lease_id}/release"
        return _record(self._ask("POST", target, {"answered": dict(answered)}, QUICK_S))

    def of_snapshot(self, snapshot_id: str) -> list[LeaseRecord]:
        """Return the leases whose release carried this snapshot."""
        answer = self._ask("GET", f"/v1/leases?snapshot={snapshot_id}", None, QUICK_S)
        return [_record(record) for record in answer["leases"]]

    def status(self, timeout_s: float) -> HostStatus:
        """Return what the agent says of itself, and give the connection up; waits twice this at most."""
        try:
            return _status(self._ask("GET", "/v1/status", None, timeout_s))
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


def stated_object(content: bytes) -> dict[str, Any]:
    """Read an answer, a JSON object. Raises HostUntrusted."""
    try:
        stated = json.loads(content)
    except ValueError as broken:
        raise HostUntrusted("the answer is not JSON: is something else listening at the agent's port?") from (
            broken
        )
    if not isinstance(stated, dict):
        raise HostUntrusted("the answer is not a JSON object")
    return stated


def refusal(stated: Mapping[str, Any]) -> HostError:
    """Return what an answer with an error means."""
    code, message = str(stated.get("code")), str(stated.get("message"))
    if code in {"busy", "paused"}:
        return HostBusy(message, int(stated.get("retry_after_ms") or 1000))
    if code == "already-taken":
        return AlreadyTaken(message, {str(k): str(v) for k, v in stated["answered"].items()})
    return HostRefused(code, str(stated.get("field") or ""), message)


def _record(answer: Mapping[str, Any]) -> LeaseRecord:
    try:
        return _lease_record(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as strange:
        raise HostUntrusted(f"the answer is no record of a lease: {strange!r}") from strange


def _status(answer: Mapping[str, Any]) -> HostStatus:
    try:
        return HostStatus(
            version=str(answer["agent"]),
            plans=tuple(str(plan) for plan in answer["plans"]),
            paused=bool(answer["paused"]),
            lease=_lease_record(answer["lease"]) if answer.get("lease") else None,
            start_id=str(answer["start_id"]),
            key_versions=tuple(str(one) for one in answer.get("key_versions") or ()),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as strange:
        raise HostUntrusted(f"the answer is no agent's status: {strange!r}") from strange


def _lease_record(answer: Mapping[str, Any]) -> LeaseRecord:
    return LeaseRecord(
        lease_id=answer["lease_id"],
        state=answer["state"],
        verdict=answer["verdict"],
        reason=answer.get("reason") or "",
        covers=tuple(
            Cover(cover["disk_id"], Label(cover["label"]), cover["how"]) for cover in answer["covers"]
        ),
        ttl_left_ms=answer.get("ttl_left_ms") or 0,
        locked_ms=answer.get("locked_ms"),
        frozen_ms=answer.get("frozen_ms"),
        caveats=tuple(answer.get("caveats") or ()),
        positions=answer.get("positions") or {},
        steps=tuple((step["name"], step["ms"]) for step in answer.get("steps") or ()),
        answered=answer.get("answered") or {},
    )
