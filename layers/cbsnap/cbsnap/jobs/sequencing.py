"""The agent's sequence on a host, through the command channel: begun, asked for the time, ended, read.

A command of the channel takes a second or so; where the agent answers over the network, its clock is asked
for there instead.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cbsnap.errors import HostError, InputError
from cbsnap.rules.calibration import Cut, RoundTrip, Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbsnap.ports import Clock, CommandOutcome, Commands
    from cbsnap.surroundings import AnsweringHost

LIMIT_S = 3600  # after which the writing ends by itself
_POLL_S = 0.1
_QUICK_S = 60
_READ_S = 900
_AGENT_S = 3.0  # an agent that does not answer by then is not near
_NEAR, _FAR = 10, 2  # round trips at a time, over the network and over the command channel
_SCRIPT = 'PATH="$PATH:/opt/cbsnap-agent"; exec cbsnap-agent.pyz sequence {}'


class Sequenced:
    """One session on one host; `trips` are the round trips to its clock."""

    def __init__(
        self,
        commands: Commands,
        clock: Clock,
        instance_id: str,
        session: str,
        agent: AnsweringHost | None = None,
    ) -> None:
        """`agent` is the host's own, where it can be asked for the time over the network."""
        self.trips: list[RoundTrip] = []
        self._commands = commands
        self._clock = clock
        self._instance_id = instance_id
        self._session = session
        self._agent = agent

    @property
    def near(self) -> bool:
        """Whether the clock is asked for over the network; one failure ends that."""
        return self._agent is not None

    def begin(self, disk_id: str) -> None:
        """Have the host write, and return when it does. Raises InputError with what the host says."""
        writing = self._run(f"write {self._session} {disk_id} --limit-s {LIMIT_S}", LIMIT_S + _QUICK_S)
        while not self._said("now")["number"]:
            outcome = self._commands.outcome(writing)
            if outcome is not None and not outcome.running:
                raise InputError("calibrate", f"{self._instance_id}: {_why(outcome)}")

    def ask_time(self) -> None:
        """Make some round trips to the host's clock."""
        for _ in range(_NEAR if self.near else _FAR):
            asked_s = self._clock.monotonic()
            host_s = self._host_s()
            self.trips.append(RoundTrip(asked_s, host_s, self._clock.monotonic()))

    def stop(self) -> None:
        """End the writing."""
        self._said("stop")

    def read(self, clones: Mapping[str, str]) -> dict[str, Cut]:
        """Return what the clones tell, by snapshot; `clones` maps snapshots to disks."""
        told = self._said("read", *sorted(clones.values()), timeout_s=_READ_S)
        return {snapshot_id: _cut(told.get(disk_id) or {}) for snapshot_id, disk_id in clones.items()}

    def forget(self) -> None:
        """End the writing, and leave nothing of it on the host."""
        self._said("forget")

    def _host_s(self) -> float:
        told = self._agents_s()
        if told is not None:
            return told
        self._agent = None  # the command channel does as well, if not as exactly
        return float(self._said("now")["boottime_ns"]) / 1e9

    def _agents_s(self) -> float | None:
        try:
            return self._agent.status(_AGENT_S).since_boot_s if self._agent else None
        except HostError:
            return None

    def _said(self, step: str, *disks: str, timeout_s: int = _QUICK_S) -> dict[str, Any]:
        """Run a step to its end and return its answer. Raises InputError with what the host says."""
        invocation = self._run(" ".join((step, self._session, *disks)), timeout_s)
        end_s = self._clock.monotonic() + timeout_s + _QUICK_S
        while (outcome := self._commands.outcome(invocation)) is None or outcome.running:
            if self._clock.monotonic() > end_s:
                raise InputError("calibrate", f"{self._instance_id}: {step} has not ended")
            self._clock.sleep(_POLL_S)
        answer = _answer(outcome)
        if answer is None or "error" in answer:
            raise InputError("calibrate", f"{self._instance_id}: {_why(outcome)}")
        return answer

    def _run(self, arguments: str, timeout_s: int) -> str:
        return self._commands.run(
            self._instance_id, _SCRIPT.format(arguments), timeout_s, f"cbsnap-sequence-{self._session}"
        )


def _answer(outcome: CommandOutcome) -> dict[str, Any] | None:
    """Return the JSON object in the last line of an output that is one."""
    for line in reversed(outcome.output.splitlines()):
        if line.startswith("{"):
            try:
                answer: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            return answer
    return None


def _why(outcome: CommandOutcome) -> str:
    told = (_answer(outcome) or {}).get("error")
    last = " ".join(outcome.output.strip().splitlines()[-1:])
    return str(told or outcome.error or last or f"the command ended with {outcome.exit_code}")


def _cut(told: Mapping[str, Any]) -> Cut:
    if "after_ns" not in told:
        return Cut(error=str(told.get("error") or "nothing was read"))
    return Cut(Span(told["after_ns"] / 1e9, told["before_ns"] / 1e9), torn=bool(told["torn"]))
