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
from localcloud.runtime.attempt import FUNCTION_NOT_FOUND
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
        built = [folder for folder in layers if folder.is_dir()]
        lay_out(root, function.source, built)
        program = Program(
            handler=function.handler,
            folder=root / "var/user",
            packages=[] if len(built) == len(layers) else [self._settings.packages],
            read_only=[function.source, root / "opt", *built],
            environ=environment.process_environment(function, account, root, self._settings.extra),
        )
        launcher = Forked(program) if self._settings.prefork else Fresh(program)
        self._pools[function] = Pool(function, launcher, self._limits)

    async def run(
        self, function: Function, attempt: Attempt, work: Work, reserved_mib: Mapping[Key, int]
    ) -> None:
        """Have an instance do the work, if the limits allow; a function may have been deleted meanwhile."""
        pool = self._pools.get(function)
        if pool is None:
            attempt.failure = FUNCTION_NOT_FOUND
            return
        attempt.failure = self._limits.enter(function, reserved_mib)
        if attempt.failure:
            return
        try:
            await pool.run(attempt, work)
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
            {"function": function.name, "version": function.version, **pool.state()}
            for function, pool in self._pools.items()
        ]

    async def close(self) -> None:
        """End every process, and wait for it."""
        await asyncio.gather(*(pool.close() for pool in [*self._pools.values(), *self._retired]))
        self._folder.cleanup()
