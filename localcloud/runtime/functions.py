"""The function runtime: events in, through instances, to results, retries or the dead.

It decides what is retried and when (583/39851): an asynchronous event that fails is tried twice more, one
interval apart, with the same request id; a synchronous one is never tried again.
"""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.runtime import environment
from localcloud.runtime.attempt import Attempt
from localcloud.runtime.invocation import Invocation, Journal
from localcloud.runtime.launch import Forked, Fresh, Program
from localcloud.runtime.layers import lay_out
from localcloud.runtime.pool import Pool, Work
from localcloud.runtime.routes import routes
from localcloud.runtime.timers import Timers, until

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from starlette.routing import BaseRoute

    from localcloud.accounts import Account
    from localcloud.cloud import Cloud
    from localcloud.runtime.serverless import Deployment, Function


@dataclass(frozen=True)
class Settings:
    """What is chosen at the start.

    `layers` maps a layer's name to its folder, which need not exist; `extra` is added to every function's
    variables; `folders` are searched for packages after the function's own path.
    """

    prefork: bool = False
    timers: bool = True
    retry_interval_s: float = 60.0
    layers: Mapping[str, Path] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[str, ...] = ()


class FunctionNotFoundError(LookupError):
    """No function of this name."""


class FunctionRuntime:
    """Runs the functions of a deployment for the first account of the cloud."""

    def __init__(self, cloud: Cloud, deployment: Deployment, settings: Settings) -> None:
        self.cloud, self.deployment, self._settings = cloud, deployment, settings
        self.journal = Journal()
        self.timers = Timers(cloud.clock, deployment.timers, self.fire)
        self._folder = tempfile.TemporaryDirectory(prefix="localcloud-")
        self._pools = {name: self._pool(function) for name, function in deployment.functions.items()}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.Task[None] | None = None

    @property
    def account(self) -> Account:
        """Return the account that the functions belong to."""
        return self.cloud.keyring.accounts[0]

    def routes(self) -> Sequence[BaseRoute]:
        """Return the paths of function URLs and of the control calls."""
        return routes(self)

    async def start(self) -> None:
        """Let the timers run."""
        if self._settings.timers:
            self._ticking = asyncio.create_task(self.timers.run())

    async def stop(self) -> None:
        """End every process."""
        if self._ticking:
            self._ticking.cancel()
        await self._drop_tasks()
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        self._folder.cleanup()

    async def reset(self) -> None:
        """End what is under way and forget what was; idle instances stay."""
        await self._drop_tasks()
        self.journal.clear()

    def state(self) -> dict[str, object]:
        """Return the functions with their processes, and the timers."""
        return {
            "functions": {name: pool.pids for name, pool in self._pools.items()},
            "timers": self.timers.state(),
        }

    def function(self, name: str) -> Function:
        """Return a function by name; raises FunctionNotFoundError."""
        try:
            return self.deployment.functions[name]
        except KeyError:
            raise FunctionNotFoundError(name) from None

    async def invoke(self, name: str, event: object, kind: str) -> Invocation:
        """Give the event to an instance and wait for the end; the caller's going away changes nothing.

        Raises FunctionNotFoundError.
        """
        invocation = self._new(name, event, kind, asynchronous=False)
        await asyncio.shield(self._task(self._once(invocation)))
        return invocation

    def queue(self, name: str, event: object, kind: str) -> Invocation:
        """Take the event and see it through later; raises FunctionNotFoundError."""
        invocation = self._new(name, event, kind, asynchronous=True)
        self._task(self._until_done(invocation))
        return invocation

    def fire(self, function: str, event: object) -> Invocation:
        """Queue a timer's event."""
        return self.queue(function, event, "timer")

    def _new(self, name: str, event: object, kind: str, *, asynchronous: bool) -> Invocation:
        function, now_s = self.function(name), self.cloud.clock.now()
        invocation = Invocation(str(uuid.uuid4()), function.name, kind, event, asynchronous, now_s)
        self.journal.add(invocation)
        return invocation

    async def _once(self, invocation: Invocation) -> None:
        await self._attempt(invocation)
        invocation.state = "failed" if invocation.last.failure else "succeeded"

    async def _until_done(self, invocation: Invocation) -> None:
        await self._attempt(invocation)
        retries = self.deployment.functions[invocation.function].retries
        while invocation.last.failure and len(invocation.attempts) <= retries:
            invocation.state = "retrying"
            await until(self.cloud.clock, self.cloud.clock.now() + self._settings.retry_interval_s)
            await self._attempt(invocation)
        invocation.state = "dead" if invocation.last.failure else "succeeded"

    async def _attempt(self, invocation: Invocation) -> None:
        invocation.state = "running"
        invocation.attempts.append(Attempt(self.cloud.clock.now()))
        function = self.deployment.functions[invocation.function]
        keys = environment.keys(self.cloud.mint_credentials(role=function.role))
        context = environment.context(function, self.account, invocation.request_id)
        await self._pools[function.name].run(invocation.last, Work(keys, invocation.event, context))

    def _task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _drop_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _pool(self, function: Function) -> Pool:
        root = Path(self._folder.name, function.name)
        folders = [self._settings.layers[name] for name in function.layers]
        lay_out(root, function.source, (folder for folder in folders if folder.is_dir()))
        program = Program(
            handler=function.handler,
            folder=root / "var/user",
            more_folders=() if all(folder.is_dir() for folder in folders) else self._settings.folders,
            environ=environment.process_environment(function, self.account, root, self._settings.extra),
        )
        return Pool(function, Forked(program) if self._settings.prefork else Fresh(program))
