"""The port `Caretaker`, over the cloud's command channel: what is done to a host's agent from afar.

The agent's own commands do the work on the host; here is what they are told. A host's key is derived
here and leaves only sealed to the host's own public key.
"""

from __future__ import annotations

import base64
import re
import secrets
import shlex
from typing import TYPE_CHECKING, Any

from cbsnap.errors import HostRefused, HostUntrusted
from cbsnap.hosts import answers, parcel, signature
from cbsnap.hosts.channel import Channel
from cbsnap.hosts.errand import Errands
from cbsnap.hosts.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cbsnap.ports.care import AgentProgram, CommandOutcome, Commands
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.hosts import HostStatus, PlanCheck

PREFIX = "cbsnap-"
SHORT_S, LONG_S = 60.0, 240.0
STATUS_S = 10.0
_INSTALLED = 'PATH="$PATH:/opt/cbsnap-agent"; exec cbsnap-agent.pyz'
_STAGED = f"umask 022; exec python3 {parcel.STAGED}"
_CONFIGURED = """(umask 077; base64 -d > {path} <<'END'
{text}
END
) || exit 1
"""
_UNKNOWN = re.compile(r"invalid choice|cbsnap-agent\.pyz: .*not found")
_CONFIGURATION = f"{parcel.FOLDER}/agent.ini"


class HostCaretaker:
    """Looks after one instance's agent; `key_of` derives its key of a version."""

    def __init__(
        self, instance_id: str, commands: Commands, clock: Clock, key_of: Callable[[int], bytes]
    ) -> None:
        self._instance_id = instance_id
        self._commands = commands
        self._clock = clock
        self._key_of = key_of
        self._errands = Errands(instance_id, commands, clock)
        self._channel = Channel(instance_id, commands, clock)
        self._program = _INSTALLED

    def reaches(self) -> bool:
        """Tell whether the instance takes commands now."""
        return self._commands.reaches(self._instance_id)

    def stage(self, program: AgentProgram, tell: Callable[[str], None]) -> None:
        """Bring the agent's file to the host, unless it lies there already."""
        if parcel.digest(program) not in self._run(parcel.look_script(), SHORT_S, "look"):
            scripts = parcel.part_scripts(program)
            for number, script in enumerate(scripts, start=1):
                tell(f"agent {program.version}: part {number} of {len(scripts)}")
                self._run(script, SHORT_S, "part")
            self._run(parcel.whole_script(program), SHORT_S, "whole")
        self._program = _STAGED

    def replace(self, configuration: str | None) -> None:
        """Start what was staged in the place of what runs."""
        if configuration is None:
            self._do("replace", LONG_S)
            return
        text = base64.b64encode(configuration.encode()).decode()
        before = _CONFIGURED.format(path=_CONFIGURATION, text=text)
        self._do("replace", LONG_S, "--take-config", _CONFIGURATION, before=before)

    def hand_over_key(self, version: int) -> None:
        """Seal this version of the host's key to what the host offers, and have it taken."""
        key = self._key_of(version).hex()
        offered = str(self._do("offer-key", SHORT_S)["public_key"])
        self._do("take-key", SHORT_S, sealed(f"{version} {key}", offered))

    def drop_key(self, version: str) -> None:
        """Take a version out."""
        self._do("drop-key", SHORT_S, version)

    def vouch(self, version: int) -> None:
        """Have the host send itself a request that this version signs, and check the answer's signature."""
        key, nonce, target = self._key_of(version), secrets.token_hex(16), "/v1/status"
        start_id = self.status().start_id
        time_s = int(self._clock.now().timestamp())
        signed = signature.of_request(
            key, method="GET", target=target, start_id=start_id, time_s=time_s, nonce=nonce, body=b""
        )
        headers = {"X-Cbsnap-Time": str(time_s), "X-Cbsnap-Nonce": nonce, "X-Cbsnap-Signature": signed}
        status, answered, body = self._channel.relayed("GET", target, headers)
        expected = signature.of_answer(key, status, nonce, answered.get("X-Cbsnap-Time", ""), body)
        if not signature.same(expected, answered.get("X-Cbsnap-Signature", "")):
            said = answers.parsed(body).get("message", "")
            raise HostUntrusted(
                f"{self._instance_id} does not answer with version {version} of its key: {said}"
            )
        if status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise answers.error(answers.parsed(body))

    def status(self) -> HostStatus:
        """Return what the agent says of itself."""
        return self._channel.status(STATUS_S)

    def check(self, plan: str, disk_ids: Sequence[str]) -> PlanCheck:
        """Try a plan without holding it."""
        return self._channel.check(plan, disk_ids)

    def remove(self) -> list[str]:
        """Take the agent away."""
        return [str(line) for line in self._do("remove", LONG_S)["done"]]

    def tidy(self) -> None:
        """Remove what was staged, and the key pair that was offered."""
        self._run(f"rm -rf {parcel.FOLDER}", SHORT_S, "tidy")
        self._program = _INSTALLED

    def latest(self) -> CommandOutcome | None:
        """Return the last command of ours on the instance."""
        return self._commands.latest(self._instance_id, PREFIX)

    def _do(self, verb: str, timeout_s: float, *words: str, before: str = "") -> Mapping[str, Any]:
        """Run one of the agent's own commands; return the JSON that it prints."""
        output = self._run(f"{before}{self._program} {shlex.join([verb, *words])}", timeout_s, verb)
        start = output.rfind("\n{\n") + 1  # nothing inside an object begins a line so
        return answers.parsed(output[start:].encode())

    def _run(self, script: str, timeout_s: float, name: str) -> str:
        outcome = self._errands.ended(script, timeout_s, f"{PREFIX}{name}")
        if outcome.exit_code != 0:
            raise HostRefused("not-done", "", _why(name, outcome))
        return outcome.output


def _why(name: str, outcome: CommandOutcome) -> str:
    if _UNKNOWN.search(outcome.output):
        return f"the host has no agent that knows `{name}`: cbsnap hosts enrol or upgrade puts it there"
    said = outcome.output.strip().splitlines()[-1:]
    return " ".join([*said, outcome.error]).strip() or f"{name} ended with {outcome.exit_code}"
