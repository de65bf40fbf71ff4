"""Timer triggers: they fire by the cloud's clock, or by hand.

An event's form is documented (583/9708); its Time is the due time, and stays the same when it is tried again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from localcloud.moments import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localcloud.clock import Clock
    from localcloud.runtime.invocation import Invocation
    from localcloud.runtime.serverless import Timer

LOOK_EVERY_S = 0.05


async def until(clock: Clock, moment_s: float) -> None:
    """Wait for a moment of the cloud's clock, which may be moved meanwhile."""
    while clock.now() < moment_s:  # noqa: ASYNC110 - the clock is moved without a word
        await asyncio.sleep(LOOK_EVERY_S)


class Timers:
    """All timers of a deployment; `fire` takes a function's name and the event."""

    def __init__(
        self, clock: Clock, timers: Iterable[Timer], fire: Callable[[str, object], Invocation]
    ) -> None:
        self._clock, self._fire = clock, fire
        self._timers = list(timers)

    def named(self, name: str, function: str | None = None) -> list[Timer]:
        """Return the timers of this name: several functions may each have one."""
        return [each for each in self._timers if each.name == name and function in (None, each.function)]

    def fire(self, timer: Timer, due: str | None = None, message: str | None = None) -> Invocation:
        """Fire by hand, enabled or not; `due` is the event's Time, by default now."""
        event = {
            "Type": "Timer",
            "TriggerName": timer.name,
            "Time": due or utc(self._clock.now()),
            "Message": timer.argument if message is None else message,
        }
        return self._fire(timer.function, event)

    async def run(self) -> None:
        """Fire those that are enabled, for ever; of times that a moved clock has passed, the first."""
        since_s = self._clock.now()
        due = {timer: timer.cron.next_s(since_s) for timer in self._timers if timer.enabled}
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now_s = self._clock.now()
            for timer, moment_s in due.items():
                if moment_s is not None and moment_s <= now_s:
                    self.fire(timer, utc(moment_s))
                if (moment_s is not None and moment_s <= now_s) or now_s < since_s:
                    due[timer] = timer.cron.next_s(now_s)
            since_s = now_s

    def state(self) -> list[dict[str, object]]:
        """Return the timers as JSON."""
        return [
            {
                "name": each.name,
                "function": each.function,
                "cron": each.cron.expression,
                "enabled": each.enabled,
            }
            for each in self._timers
        ]
