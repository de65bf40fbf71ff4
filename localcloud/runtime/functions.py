"""The function runtime: events in, through instances, to results, retries or the dead.

It decides what is retried and when (583/39851). A synchronous event is never tried again. An asynchronous
one that fails is tried as often as the function is set to, twice by default, one interval apart and with
the same request id; an overrun is tried each interval and not counted; past its maximum age it is dropped.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

from localcloud.runtime import environment
from localcloud.runtime.attempt import Attempt
from localcloud.runtime.catalog import DEFAULT_ALIAS
from localcloud.runtime.instances import Instances
from localcloud.runtime.invocation import Invocation, Journal
from localcloud.runtime.pool import Work
from localcloud.runtime.routes import routes
from localcloud.runtime.timers import Timers, until

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from starlette.routing import BaseRoute

    from localcloud.accounts import Account
    from localcloud.cloud import Cloud
    from localcloud.runtime.catalog import Catalog, Deployed
    from localcloud.runtime.function import Function
    from localcloud.runtime.settings import Settings


class FunctionRuntime:
    """Runs what is deployed. `found` makes the catalog anew: at the start and at each reset."""

    def __init__(self, cloud: Cloud, found: Callable[[], Catalog], settings: Settings) -> None:
        self.cloud, self._found, self._settings = cloud, found, settings
        self.catalog = found()
        self.journal = Journal()
        self.timers = Timers(self)
        self.instances = Instances(cloud.clock, settings)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.Task[None] | None = None
        self.changed()

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
        await self.instances.close()

    async def reset(self) -> None:
        """End what is under way, forget what was, and deploy as at the start."""
        await self._drop_tasks()
        self.journal.clear()
        self.catalog = self._found()
        self.changed()

    def changed(self) -> None:
        """Make ready what is deployed now, and retire what no longer is; raises LayerError."""
        functions = {
            each for deployed in self.catalog.functions.values() for each in deployed.versions.values()
        }
        for function in functions:
            self.instances.prepare(function, self.account(function), self.catalog.folders(function))
        self.instances.keep_only(functions)

    def state(self) -> dict[str, object]:
        """Return the processes and the timers."""
        return {"instances": self.instances.state(), "timers": self.timers.state()}

    def account(self, function: Function) -> Account:
        """Return the account that a function belongs to."""
        return next(each for each in self.cloud.keyring.accounts if each.uin == function.key.uin)

    async def invoke(self, deployed: Deployed, qualifier: str, event: object, kind: str) -> Invocation:
        """Give the event to an instance and wait for the end; the caller's going away changes nothing.

        Raises NotDeployedError for an unknown qualifier.
        """
        invocation = self._new(deployed, qualifier, event, kind)
        await asyncio.shield(self._task(self._once(deployed, invocation)))
        return invocation

    def queue(
        self, deployed: Deployed, event: object, kind: str, qualifier: str = DEFAULT_ALIAS
    ) -> Invocation:
        """Take the event and see it through later; raises NotDeployedError for an unknown qualifier."""
        invocation = self._new(deployed, qualifier, event, kind, asynchronous=True)
        self._task(self._until_done(deployed, invocation))
        return invocation

    def _new(
        self, deployed: Deployed, qualifier: str, event: object, kind: str, *, asynchronous: bool = False
    ) -> Invocation:
        deployed.resolve(qualifier)
        invocation = Invocation(
            request_id=str(uuid.uuid4()),
            function=deployed.key,
            qualifier=qualifier,
            kind=kind,
            event=event,
            asynchronous=asynchronous,
            queued_s=self.cloud.clock.now(),
        )
        self.journal.add(invocation)
        return invocation

    async def _once(self, deployed: Deployed, invocation: Invocation) -> None:
        await self._attempt(deployed, invocation)
        invocation.state = "failed" if invocation.last.failure else "succeeded"

    async def _until_done(self, deployed: Deployed, invocation: Invocation) -> None:
        clock = self.cloud.clock
        await self._attempt(deployed, invocation)
        while invocation.failures_counted() <= deployed.retries and invocation.last.failure:
            invocation.state = "retrying"
            await until(clock, clock.now() + self._settings.retry_interval_s)
            if clock.now() > invocation.queued_s + deployed.event_age_s:
                break
            await self._attempt(deployed, invocation)
        invocation.settle(deployed.dead_letter)

    async def _attempt(self, deployed: Deployed, invocation: Invocation) -> None:
        function = deployed.resolve(invocation.qualifier)
        invocation.state = "running"
        invocation.attempts.append(Attempt(self.cloud.clock.now(), function.version))
        account = self.account(function)
        keys = environment.keys(self.cloud.mint_credentials(account.uin, role=function.role))
        context = environment.context(function, account, invocation.request_id)
        reserved_mib = {
            key: each.reserved_mib
            for key, each in self.catalog.functions.items()
            if each.reserved_mib is not None
        }
        work = Work(keys, invocation.event, context)
        await self.instances.run(function, invocation.last, work, reserved_mib)

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
