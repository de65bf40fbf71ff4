"""The agent of one instance, over signed HTTP: the port `Host`.

One connection is kept open from the check to the release, so that nothing is spent on
connecting while a host is held. An answer counts only when the host's key signed it.
"""

from __future__ import annotations

import json
import secrets
from contextlib import ExitStack
from dataclasses import replace
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from cbsnap.errors import HostRefused, HostUnreachable, HostUntrusted, InputError
from cbsnap.hosts import answers, signature
from cbsnap.hosts.connection import Connection
from cbsnap.hosts.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbsnap.model import Instance
    from cbsnap.ports import Clock, HostStatus

CONNECT_S = 5.0
ANSWER_BYTES = 1 << 20


class Agent(Verbs):
    """Speaks to one agent; for one thread at a time."""

    def __init__(self, address: tuple[str, int], key: bytes, clock: Clock) -> None:
        self._address = address
        self._key = key
        self._clock = clock
        self._connection: Connection | None = None
        self._start_id = ""
        self._ahead_s = 0.0

    def status(self, timeout_s: float) -> HostStatus:
        """Return the same, with how the host's clock stands to ours."""
        return replace(super().status(timeout_s), clock_ahead_s=self._ahead_s)

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
            return self._exchange(method, target, payload, timeout_s)
        except (OSError, HTTPException) as lost:
            self.close()
            raise HostUnreachable(
                f"no answer from the agent at {self._address[0]}:{self._address[1]}: {lost}; "
                "is it running, and does the function's VPC reach it?"
            ) from lost
        except HostUntrusted:
            self.close()  # what else is on its way is not ours
            raise

    def _exchange(self, method: str, target: str, payload: bytes, timeout_s: float) -> dict[str, Any]:
        connection = self._open(timeout_s)
        connection.within(timeout_s)
        nonce = secrets.token_hex(16)
        connection.request(method, target, payload, self._signed(method, target, nonce, payload))
        answer = connection.getresponse()
        content = answer.read(ANSWER_BYTES)
        if answer.status == 401:  # noqa: PLR2004 - the one answer that is not signed: it proves nothing
            raise answers.not_let_in(answers.parsed(content))
        self._verify(
            answer.status,
            nonce,
            answer.getheader("X-Cbsnap-Time"),
            answer.getheader("X-Cbsnap-Signature"),
            content,
        )
        self._ahead_s = int(answer.getheader("X-Cbsnap-Time") or 0) - self._clock.now().timestamp()
        stated = answers.parsed(content)
        if answer.status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise answers.error(stated)
        return stated

    def _open(self, timeout_s: float) -> Connection:
        if self._connection is None:
            with ExitStack() as unless_greeted:
                connection = Connection(*self._address, timeout=min(CONNECT_S, timeout_s))
                unless_greeted.callback(connection.close)
                connection.within(timeout_s)
                connection.request("GET", "/v1/hello")
                greeting = answers.parsed(connection.getresponse().read(ANSWER_BYTES))
                self._start_id = answers.start_id(greeting)
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
