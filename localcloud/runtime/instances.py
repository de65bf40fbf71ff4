"""Every function's pool of instances, made when it is first needed and retired when its version changes.

It decides where a function's root is laid out, and lets the limits have their say. Attempts are its unit:
what follows from one is left to others.
"""

from __future__ import annotations

import asyncio
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.runtime import environment
from localcloud.runtime.launch import Forked, Fresh, Program
from localcloud.runtime.layers import lay_out
from localcloud.runtime.limits import Limits
from localcloud.runtime.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from localcloud.accounts import Account
    from localcloud.clock import Clock
    from localcloud.runtime.attempt import Attempt
    from localcloud.runtime.function import Function, Key
    from localcloud.runtime.pool import Work
    from localcloud.runtime.settings import Settings


class Instances:
    """The pools, by the version that they run."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._settings = settings
        self._limits = Limits(clock, settings.concurrency_mib, settings.burst_per_minute)
        self._folder = tempfile.TemporaryDirectory(prefix="localcloud-functions-")
        self._numbers = count()
        self._pools: dict[Function, Pool] = {}
        self._retired: list[Pool] = []

    def prepare(self, function: Function, account: Account, layers: Collection[Path]) -> None:
        """Lay out the function's root; raises LayerError."""
        if function in self._pools:
            return
        root = Path(self._folder.name, f"{next(self._numbers)}-{function.name}")
        lay_out(root, function.source, [folder for folder in layers if folder.is_dir()])
        complete = all(folder.is_dir() for folder in layers)
        program = Program(
            handler=function.handler,
            folder=root / "var/user",
            more_folders=() if complete else (self._settings.packages,),
            environ=environment.process_environment(function, account, root, self._settings.extra),
        )
        launcher = Forked(program) if self._settings.prefork else Fresh(program)
        self._pools[function] = Pool(function, launcher, self._limits)

    async def run(
        self, function: Function, attempt: Attempt, work: Work, reserved_mib: Mapping[Key, int]
    ) -> None:
        """Have an instance of a prepared function do the work, if the limits allow; fill in the attempt."""
        attempt.failure = self._limits.enter(function, reserved_mib)
        if attempt.failure:
            return
        try:
            await self._pools[function].run(attempt, work)
        finally:
            self._limits.leave(function)

    def keep_only(self, functions: Collection[Function]) -> None:
        """Retire the pools of every other version: idle instances end now, busy ones with their event."""
        for function in self._pools.keys() - set(functions):
            pool = self._pools.pop(function)
            pool.retire()
            self._retired.append(pool)

    def state(self) -> list[dict[str, object]]:
        """Return the processes of each version."""
        return [
            {"function": function.name, "version": function.version, **pool.pids}
            for function, pool in self._pools.items()
        ]

    async def close(self) -> None:
        """End every process, and wait for it."""
        await asyncio.gather(*(pool.close() for pool in [*self._pools.values(), *self._retired]))
        self._folder.cleanup()
