"""The agent of one instance, over signed HTTP: the port `Host`.

One connection is kept open from the check to the release, so that nothing is spent on
connecting while a host is held. An answer counts only when the host's key signed it.
"""

from __future__ import annotations

import json
import secrets
from contextlib import ExitStack
from dataclasses import asdict, replace
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

from cbsnap.errors import (
    AlreadyTaken,
    HostBusy,
    HostError,
    HostRefused,
    HostUnreachable,
    HostUntrusted,
    InputError,
)
from cbsnap.hosts import signature
from cbsnap.model import Label
from cbsnap.ports import Cover, HostStatus, LeaseRecord, PlanCheck

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbsnap.model import Instance
    from cbsnap.ports import Clock, LeaseRequest

CONNECT_S = 5.0
QUICK_S = 10.0
CHECK_S = 30.0
ANSWER_BYTES = 1 << 20


class Agent:
    """Speaks to one agent; for one thread at a time."""

    def __init__(self, address: tuple[str, int], key: bytes, clock: Clock) -> None:
        self._address = address
        self._key = key
        self._clock = clock
        self._connection: HTTPConnection | None = None
        self._start_id = ""
        self._ahead_s = 0.0

    def check(self, plan: str, disk_ids: Sequence[str]) -> PlanCheck:
        """Try a plan without holding it."""
        answer = self._ask("POST", f"/v1/plans/{plan}/check", {"disks": list(disk_ids)}, CHECK_S)
        return PlanCheck(
            disk_ids=frozenset(answer["disks"]),
            # How the plan's disks fit those that were asked about is for the caller to judge.
            problems=tuple(one["message"] for one in answer["problems"] if one.get("field") != "disks"),
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
            return replace(
                _status(self._ask("GET", "/v1/status", None, timeout_s)), clock_ahead_s=self._ahead_s
            )
        finally:
            self.close()

    def _ask(
        self, method: str, target: str, body: Mapping[str, Any] | None, timeout_s: float
    ) -> dict[str, Any]:
        """Ask, once more after the agent was started anew in between."""
        try:
            return self._ask_once(method, target, body, timeout_s)
        except HostRefused as refused:
            if refused.code != "restarted":
                raise
            self.close()
            return self._ask_once(method, target, body, timeout_s)

    def _ask_once(
        self, method: str, target: str, body: Mapping[str, Any] | None, timeout_s: float
    ) -> dict[str, Any]:
        payload = b"" if body is None else json.dumps(body).encode()
        try:
            connection = self._open(timeout_s)
            if connection.sock is not None:
                connection.sock.settimeout(timeout_s)
            nonce = secrets.token_hex(16)
            connection.request(method, target, payload, self._signed(method, target, nonce, payload))
            answer = connection.getresponse()
            content = answer.read(ANSWER_BYTES)
        except (OSError, HTTPException) as lost:
            self.close()
            raise HostUnreachable(
                f"no answer from the agent at {self._address[0]}:{self._address[1]}: {lost}; "
                "is it running, and does the function's VPC reach it?"
            ) from lost
        stated = _object(content)
        if answer.status == 401:  # noqa: PLR2004 - the one answer that is not signed: it proves nothing
            raise HostRefused(str(stated.get("code")), "signature", str(stated.get("message")))
        self._verify(
            answer.status,
            nonce,
            answer.getheader("X-Cbsnap-Time"),
            answer.getheader("X-Cbsnap-Signature"),
            content,
        )
        self._ahead_s = int(answer.getheader("X-Cbsnap-Time") or 0) - self._clock.now().timestamp()
        if answer.status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise _error(stated)
        return stated

    def _open(self, timeout_s: float) -> HTTPConnection:
        if self._connection is None:
            with ExitStack() as unless_greeted:
                connection = HTTPConnection(*self._address, timeout=min(CONNECT_S, timeout_s))
                unless_greeted.callback(connection.close)
                connection.request("GET", "/v1/hello")
                self._start_id = str(_object(connection.getresponse().read(ANSWER_BYTES)).get("start_id"))
                self._connection = connection
                unless_greeted.pop_all()
        return self._connection

    def close(self) -> None:
        """Give the connection up; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _signed(self, method: str, target: str, nonce: str, payload: bytes) -> dict[str, str]:
        time_s = int(self._clock.now().timestamp())
        return {
            "Content-Type": "application/json",
            "X-Cbsnap-Time": str(time_s),
            "X-Cbsnap-Nonce": nonce,
            "X-Cbsnap-Signature": signature.of_request(
                self._key,
                method=method,
                target=target,
                start_id=self._start_id,
                time_s=time_s,
                nonce=nonce,
                body=payload,
            ),
        }

    def _verify(self, status: int, nonce: str, time_s: str | None, signed: str | None, body: bytes) -> None:
        expected = signature.of_answer(self._key, status, nonce, time_s or "", body)
        if not signature.same(expected, signed or ""):
            self.close()
            raise HostUntrusted(
                f"the answer of {self._address[0]}:{self._address[1]} is not signed with this host's key"
            )


class Agents:
    """The port `Hosts`: agents listen on their instance's first private address."""

    def __init__(self, master_key: str, key_version: int, port: int, clock: Clock) -> None:
        self._master_key = master_key
        self._key_version = key_version
        self._port = port
        self._clock = clock

    def on(self, instance: Instance) -> Agent:
        """Return the agent of one instance."""
        if not instance.private_ips:
            raise InputError(instance.id, "the instance has no private address at which to reach its agent")
        key = signature.host_key(self._master_key, self._key_version, instance.id)
        return Agent((instance.private_ips[0], self._port), key, self._clock)


def _object(content: bytes) -> dict[str, Any]:
    try:
        stated = json.loads(content)
    except ValueError as broken:
        raise HostUntrusted("the answer is not JSON: is something else listening at the agent's port?") from (
            broken
        )
    if not isinstance(stated, dict):
        raise HostUntrusted("the answer is not a JSON object")
    return stated


def _error(stated: Mapping[str, Any]) -> HostError:
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
            since_boot_s=answer["boottime_ns"] / 1e9 if answer.get("boottime_ns") else None,
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
