"""The instances of one function: reused when idle, one event at a time each, further ones when all are busy.

It decides which instance takes an event and when one is ended; how an outcome is answered or retried is
left to others. The time limit runs from the moment the handler is loaded, and ends the process group.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.runtime import attempt as endings
from localcloud.runtime.instance import Instance, InstanceGoneError, start

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from localcloud.runtime.attempt import Attempt, Failure
    from localcloud.runtime.function import Function
    from localcloud.runtime.launch import Launcher
    from localcloud.runtime.limits import Limits


LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Work:
    """What an instance is handed: variables to set, the event and the context."""

    environ: Mapping[str, str]
    event: object
    context: Mapping[str, object]


class Pool:
    """All instances of `function`, which `launcher` starts."""

    def __init__(self, function: Function, launcher: Launcher, limits: Limits) -> None:
        self._function, self._launcher, self._limits = function, launcher, limits
        self._retired = False
        self._read_only: bool | None = None
        self._idle: list[Instance] = []
        self._busy: set[Instance] = set()

    def state(self) -> dict[str, object]:
        """Return the processes, and whether they can change their code: null before the first has started."""
        return {
            "idle": [each.pid for each in self._idle],
            "busy": [each.pid for each in self._busy],
            "read_only": self._read_only,
        }

    async def run(self, attempt: Attempt, work: Work) -> None:
        """Have one instance do the work, and fill in the attempt."""
        instance = self._reusable()
        if instance:
            await self._use(instance, attempt, self._call(instance, attempt, work))
            return
        attempt.failure = self._limits.start(self._function)
        if attempt.failure:
            return
        try:
            instance = await start(self._launcher.launch, self._limits.clock.now)
        except InstanceGoneError:
            attempt.failure = endings.PROCESS_EXIT
        else:
            await self._use(instance, attempt, self._load_and_call(instance, attempt, work))

    def retire(self) -> None:
        """End the idle instances now, and each busy one with its event."""
        self._retired = True
        while self._idle:
            self._idle.pop().close()

    async def close(self) -> None:
        """End every process, and wait for it."""
        for instance in [*self._idle, *self._busy]:
            instance.close()
        await self._launcher.close()

    def _reusable(self) -> Instance | None:
        while self._idle:
            instance = self._idle.pop()
            if instance.alive:
                return instance
            instance.close()
        return None

    async def _use(self, instance: Instance, attempt: Attempt, using: Awaitable[bool]) -> None:
        """Await the use; the instance stays when it says so, and is ended otherwise, also when cancelled."""
        attempt.pid = instance.pid
        self._busy.add(instance)
        reusable = False
        try:
            reusable = await using and not self._retired
        finally:
            self._busy.discard(instance)
            if not reusable:
                instance.kill()
            attempt.log = instance.output.take()
            if reusable:
                self._idle.append(instance)
            else:
                instance.close()

    async def _load_and_call(self, instance: Instance, attempt: Attempt, work: Work) -> bool:
        began, limit_s = time.monotonic(), self._function.init_limit_s
        frame, attempt.failure = await _frame(instance.ready(), limit_s, endings.start_limit(limit_s))
        attempt.cold_start_ms = _ms_since(began)
        self._read_only = frame.get("read_only", self._read_only)
        return attempt.failure is None and await self._call(instance, attempt, work)

    async def _call(self, instance: Instance, attempt: Attempt, work: Work) -> bool:
        began, limit_s = time.monotonic(), self._function.time_limit_s
        limit_bytes = self._function.memory_mib << 20
        watching = asyncio.create_task(_kill_above(instance, limit_bytes))
        calling = instance.call(work.environ, work.event, work.context)
        answer, attempt.failure = await _frame(calling, limit_s, endings.time_limit(limit_s))
        attempt.duration_ms = _ms_since(began)
        if watching.done() or answer.get("memory_bytes", 0) > limit_bytes:
            answer, attempt.failure = {}, endings.MEMORY_LIMIT
        watching.cancel()
        attempt.result = answer.get("result") if attempt.failure is None else None
        attempt.memory_bytes = answer.get("memory_bytes", 0)
        return bool(answer)


async def _frame(
    waiting: Awaitable[dict[str, Any]], limit_s: float, too_late: Failure
) -> tuple[dict[str, Any], Failure | None]:
    """Await an instance's next frame, empty when there is none; with the failure that it means."""
    try:
        frame = await asyncio.wait_for(waiting, limit_s)
    except asyncio.TimeoutError:
        return {}, too_late
    except InstanceGoneError:
        return {}, endings.PROCESS_EXIT
    if frame["failure"]:
        return frame, endings.user_code(frame["failure"])
    if len((frame.get("result") or "").encode()) > endings.RESPONSE_LIMIT_BYTES:
        return frame, endings.RESPONSE_SIZE
    return frame, None


async def _kill_above(instance: Instance, limit_bytes: int) -> None:
    """End the instance when it holds more; looked at often enough to spare this machine, not to the byte."""
    while instance.memory_bytes() <= limit_bytes:  # noqa: ASYNC110 - the process says nothing of its memory
        await asyncio.sleep(LOOK_EVERY_S)
    instance.kill()


def _ms_since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 3)
