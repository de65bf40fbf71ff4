"""The agent of one instance, over the cloud's command channel (TAT): for hosts with no open port.

A request is a command that root runs on the host; it asks the agent over its unix socket. Nothing is
signed: an answer is as trusted as the cloud's API, and each record says so. Every request may be
made twice (a lease by its id), so that one whose answer was lost is sent again. A command may be
delivered late: one that asks for a lease carries the moment after which it must not.
"""

from __future__ import annotations

import base64
import json
import math
import shlex
import zlib
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cbsnap.errors import CloudError, CloudFault, HostUnreachable, HostUntrusted, OutcomeUnknown, Throttled
from cbsnap.hosts.verbs import Verbs, refusal, stated_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbsnap.ports import Clock, CommandOutcome, Commands, LeaseRecord, LeaseRequest

DELIVERY_S = 20.0  # in which a command must have arrived [inferred: how long it takes is not documented]
POLL_S = 0.5  # 20 calls/s are allowed to all together (1147/46677)
TOLD = "told through the cloud's command channel: not signed by the host"
_SENT = 3  # times, at most, where the answer to sending is lost
_PREFIX = "cbsnap-answer "
_NAME = "cbsnap-ask"
# The agent is found where `install` puts it, or wherever else the instance's path leads.
_SCRIPT = 'PATH="$PATH:/opt/cbsnap-agent"; exec cbsnap-agent.pyz ask {}'
_LEASE = ("POST", "/v1/leases")
_NOTHING_ASKED = {408, 503}  # delivered too late; no agent there


class Channel(Verbs):
    """Speaks to one agent by commands on its instance."""

    def __init__(self, instance_id: str, commands: Commands, clock: Clock) -> None:
        self._instance_id = instance_id
        self._commands = commands
        self._clock = clock
        self._unseen_s = 0.0

    def lease(self, request: LeaseRequest) -> LeaseRecord:
        """Hold a plan; what is left of the lease is what is surely left by the time that it is known."""
        record = super().lease(request)
        return replace(record, ttl_left_ms=max(0, record.ttl_left_ms - round(self._unseen_s * 1000)))

    def relayed(
        self, method: str, target: str, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Have the host send a signed request to its own port; return status, headers and body."""
        words = [word for name, value in headers.items() for word in ("--header", f"{name}:{value}")]
        answer = self._asked([*words, method, target], DELIVERY_S)
        return answer["status"], dict(answer["headers"]), str(answer["body"]).encode()

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def _ask(
        self, method: str, target: str, body: Mapping[str, Any] | None, timeout_s: float
    ) -> dict[str, Any]:
        words = [method, target] if body is None else [method, target, json.dumps(body)]
        if (method, target) == _LEASE:
            words = ["--not-after", str(math.ceil(self._clock.now().timestamp() + DELIVERY_S)), *words]
        answer = self._asked(words, timeout_s)
        stated = stated_object(str(answer["body"]).encode())
        if answer["status"] >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise refusal(stated)
        for record in (stated, *stated.get("leases", ())):
            if "caveats" in record:
                record["caveats"] = [*record["caveats"], TOLD]
        return stated

    def _asked(self, words: list[str], timeout_s: float) -> dict[str, Any]:
        """Return the answer's status, headers and body. Raises HostUnreachable when nothing was asked."""
        give_up = self._clock.monotonic() + DELIVERY_S + timeout_s
        invocation = self._sent(_SCRIPT.format(shlex.join(words)), math.ceil(timeout_s))
        answer = _unpacked(self._ended(invocation, give_up), self._instance_id)
        if answer["status"] in _NOTHING_ASKED:
            raise HostUnreachable(f"{self._instance_id}: {stated_object(answer['body'].encode())['message']}")
        return answer

    def _sent(self, script: str, timeout_s: int) -> str:
        """Start a command; again when the answer was lost or there was none, since twice does no harm."""
        try:
            for _ in range(_SENT - 1):
                with suppress(OutcomeUnknown, Throttled, CloudFault):
                    return self._commands.run(self._instance_id, script, timeout_s, _NAME)
                self._clock.sleep(POLL_S)
            return self._commands.run(self._instance_id, script, timeout_s, _NAME)
        except CloudError as failed:
            raise HostUnreachable(f"no command reaches {self._instance_id}: {failed}") from failed

    def _ended(self, invocation: str, give_up: float) -> CommandOutcome:
        """Wait for a command's end, and note for how long it may have been over unseen."""
        seen_running = self._clock.monotonic()
        while (looked := self._clock.monotonic()) <= give_up:
            with suppress(CloudError):  # it may pass
                outcome = self._commands.outcome(invocation)
                if outcome is not None and not outcome.running:
                    self._unseen_s = self._clock.monotonic() - seen_running
                    return outcome
                seen_running = looked
            self._clock.sleep(POLL_S)
        raise HostUnreachable(f"{self._instance_id} did not answer in time ({invocation})")


def _unpacked(outcome: CommandOutcome, instance_id: str) -> dict[str, Any]:
    line = next((one for one in outcome.output.splitlines() if one.startswith(_PREFIX)), None)
    if line is None:
        said = " ".join([outcome.error, *outcome.output.strip().splitlines()[-1:]]).strip()
        raise HostUnreachable(
            f"{instance_id}: its command ended with {outcome.exit_code} and no answer: {said}; "
            "is this version's agent on it? `cbsnap hosts status` tells, `cbsnap hosts enrol` puts it there"
        )
    try:
        answer = stated_object(zlib.decompress(base64.b64decode(line[len(_PREFIX) :], validate=True)))
    except (ValueError, zlib.error) as cut:
        raise HostUntrusted(f"the answer of {instance_id} was cut off on its way") from cut
    return answer
