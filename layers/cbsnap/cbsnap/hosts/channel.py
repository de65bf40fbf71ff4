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
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cbsnap.errors import HostUnreachable, HostUntrusted
from cbsnap.hosts import answers
from cbsnap.hosts.errand import ARRIVAL_S, Errands
from cbsnap.hosts.verbs import Verbs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbsnap.ports import Clock, CommandOutcome, Commands, LeaseRecord, LeaseRequest

TOLD = "told through the cloud's command channel: not signed by the host"
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
        self._clock = clock
        self._errands = Errands(instance_id, commands, clock)

    def lease(self, request: LeaseRequest) -> LeaseRecord:
        """Hold a plan; what is left of the lease is what is surely left by the time that it is known."""
        record = super().lease(request)
        return replace(record, ttl_left_ms=max(0, record.ttl_left_ms - round(self._errands.unseen_s * 1000)))

    def relayed(
        self, method: str, target: str, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Have the host send a signed request to its own port; return status, headers and body."""
        words = [word for name, value in headers.items() for word in ("--header", f"{name}:{value}")]
        answer = self._asked([*words, method, target], ARRIVAL_S)
        return answer["status"], dict(answer["headers"]), str(answer["body"]).encode()

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def _ask(
        self, method: str, target: str, body: Mapping[str, Any] | None, timeout_s: float
    ) -> dict[str, Any]:
        words = [method, target] if body is None else [method, target, json.dumps(body)]
        if (method, target) == _LEASE:
            words = ["--not-after", str(math.ceil(self._clock.now().timestamp() + ARRIVAL_S)), *words]
        answer = self._asked(words, timeout_s)
        stated = answers.parsed(str(answer["body"]).encode())
        if answer["status"] >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise answers.error(stated)
        for record in (stated, *stated.get("leases", ())):
            if "caveats" in record:
                record["caveats"] = [*record["caveats"], TOLD]
        return stated

    def _asked(self, words: list[str], timeout_s: float) -> dict[str, Any]:
        """Return the answer's status, headers and body. Raises HostUnreachable when nothing was asked."""
        outcome = self._errands.ended(_SCRIPT.format(shlex.join(words)), timeout_s, _NAME)
        answer = _unpacked(outcome, self._instance_id)
        if answer["status"] in _NOTHING_ASKED:
            raise HostUnreachable(
                f"{self._instance_id}: {answers.parsed(answer['body'].encode())['message']}"
            )
        return answer


def _unpacked(outcome: CommandOutcome, instance_id: str) -> dict[str, Any]:
    line = next((one for one in outcome.output.splitlines() if one.startswith(_PREFIX)), None)
    if line is None:
        said = " ".join([outcome.error, *outcome.output.strip().splitlines()[-1:]]).strip()
        raise HostUnreachable(
            f"{instance_id}: its command ended with {outcome.exit_code} and no answer: {said}; "
            "is this version's agent on it? `cbsnap hosts status` tells, `cbsnap hosts enrol` puts it there"
        )
    try:
        answer = answers.parsed(zlib.decompress(base64.b64decode(line[len(_PREFIX) :], validate=True)))
    except (ValueError, zlib.error) as cut:
        raise HostUntrusted(f"the answer of {instance_id} was cut off on its way") from cut
    return answer
