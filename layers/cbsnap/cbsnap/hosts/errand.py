"""Commands on one instance that may be given twice: given, again if the answer was lost, and waited for."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, CloudFault, HostUnreachable, OutcomeUnknown, Throttled
from cbsnap.model import DELIVERY_S, Transport

if TYPE_CHECKING:
    from cbsnap.ports import Clock, CommandOutcome, Commands

POLL_S = 0.5  # 20 calls/s are allowed to all together (1147/46677)
ARRIVAL_S = DELIVERY_S[Transport.TAT]
_SENT = 3  # times, at most, where the answer to sending is lost


class Errands:
    """The command channel to one instance; for one thread at a time.

    `unseen_s`: for how long, at most, the last command was over before that was seen.
    """

    def __init__(self, instance_id: str, commands: Commands, clock: Clock) -> None:
        self._instance_id = instance_id
        self._commands = commands
        self._clock = clock
        self.unseen_s = 0.0
        self._given_at = 0.0

    def ended(self, script: str, timeout_s: float, name: str) -> CommandOutcome:
        """Run a script that does no harm when it runs twice. Raises HostUnreachable."""
        give_up = self._clock.monotonic() + ARRIVAL_S + timeout_s
        return self._waited(self._sent(script, math.ceil(timeout_s), name), give_up)

    def _sent(self, script: str, timeout_s: int, name: str) -> str:
        """Start a command; again when the answer was lost or there was none, since twice does no harm."""
        try:
            for _ in range(_SENT - 1):
                with suppress(OutcomeUnknown, Throttled, CloudFault):
                    return self._run(script, timeout_s, name)
                self._clock.sleep(POLL_S)
            return self._run(script, timeout_s, name)
        except CloudError as failed:
            raise HostUnreachable(f"no command reaches {self._instance_id}: {failed}") from failed

    def _run(self, script: str, timeout_s: int, name: str) -> str:
        self._given_at = self._clock.monotonic()
        return self._commands.run(self._instance_id, script, timeout_s, name)

    def _waited(self, invocation: str, give_up: float) -> CommandOutcome:
        """Wait for a command's end, and note for how long it may have been over unseen."""
        seen_running = self._given_at
        while (looked := self._clock.monotonic()) <= give_up:
            with suppress(CloudError):  # it may pass
                outcome = self._commands.outcome(invocation)
                if outcome is not None and not outcome.running:
                    self.unseen_s = self._clock.monotonic() - seen_running
                    return outcome
                seen_running = looked
            self._clock.sleep(POLL_S)
        raise HostUnreachable(f"{self._instance_id} did not answer in time ({invocation})")
