"""Timer triggers: they fire by the cloud's clock, or by hand.

An event's form is documented (583/9708); its Time is the due time, and stays the same when it is tried again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from localcloud.moments import utc

if TYPE_CHECKING:
    from localcloud.clock import Clock
    from localcloud.runtime.catalog import Deployed, Timer
    from localcloud.runtime.functions import FunctionRuntime
    from localcloud.runtime.invocation import Invocation

LOOK_EVERY_S = 0.05


async def until(clock: Clock, moment_s: float) -> None:
    """Wait for a moment of the cloud's clock, which may be moved meanwhile."""
    while clock.now() < moment_s:  # noqa: ASYNC110 - the clock is moved without a word
        await asyncio.sleep(LOOK_EVERY_S)


class Timers:
    """Every timer that is deployed."""

    def __init__(self, runtime: FunctionRuntime) -> None:
        self._runtime = runtime

    def named(self, name: str, function: str | None = None) -> list[tuple[Deployed, Timer]]:
        """Return the timers of this name with their functions: several functions may each have one."""
        return [
            (deployed, timer)
            for deployed, timer in self._runtime.catalog.timers()
            if timer.name == name and function in (None, deployed.key.name)
        ]

    def fire(
        self, deployed: Deployed, timer: Timer, due: str | None = None, message: str | None = None
    ) -> Invocation:
        """Fire, enabled or not; `due` is the event's Time, by default now."""
        event = {
            "Type": "Timer",
            "TriggerName": timer.name,
            "Time": due or utc(self._runtime.cloud.clock.now()),
            "Message": timer.argument if message is None else message,
        }
        return self._runtime.queue(deployed, event, "timer", timer.qualifier)

    async def run(self) -> None:
        """Fire those that are enabled, for ever; of times that a moved clock has passed, the first."""
        since_s = self._runtime.cloud.clock.now()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now_s = self._runtime.cloud.clock.now()
            for deployed, timer in self._runtime.catalog.timers():
                due_s = timer.cron.next_s(since_s) if timer.enabled else None
                if due_s is not None and due_s <= now_s:
                    self.fire(deployed, timer, utc(due_s))
            since_s = now_s

    def state(self) -> list[dict[str, object]]:
        """Return the timers as JSON."""
        return [
            {
                "name": timer.name,
                "function": deployed.key.name,
                "cron": timer.cron.expression,
                "enabled": timer.enabled,
            }
            for deployed, timer in self._runtime.catalog.timers()
        ]
