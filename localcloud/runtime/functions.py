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
from localcloud.runtime.attempt import QUALIFIER_NOT_FOUND, Attempt
from localcloud.runtime.catalog import DEFAULT_ALIAS, NotDeployedError
from localcloud.runtime.instances import Instances
from localcloud.runtime.invocation import Invocation, Journal
from localcloud.runtime.logs import records
from localcloud.runtime.pool import Work
from localcloud.runtime.routes import routes
from localcloud.runtime.store import Store
from localcloud.runtime.timers import Timers, until

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

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
        self.store = Store()
        self.timers = Timers(self)
        self.instances = Instances(cloud.clock, settings)
        self._tasks: set[asyncio.Task[None]] = set()
        self._callers: dict[str, str] = {}
        self._ticking: asyncio.Task[None] | None = None
        self.changed()

    @property
    def concurrency_mib(self) -> int:
        """Return how much memory busy instances of a region may hold together."""
        return self._settings.concurrency_mib

    @property
    def url(self) -> str:
        """Return where the server is reached; empty where nobody said."""
        return self._settings.url

    @property
    def deploy_s(self) -> float:
        """Return how long a change of a function or a layer takes, by the cloud's clock."""
        return self._settings.deploy_s

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
        self.store.close()

    async def reset(self) -> None:
        """End what is under way, forget what was, and deploy as at the start."""
        await self._drop_tasks()
        self.journal.clear()
        self._callers.clear()
        self.catalog = self._found()
        self.changed()

    def changed(self) -> None:
        """Make ready what is deployed now, and retire what no longer is; raises LayerError."""
        functions = {
            each for deployed in self.catalog.functions.values() for each in deployed.versions.values()
        }
        for function in functions:
            self.prepare(function)
        self.instances.keep_only(functions)

    def prepare(self, function: Function) -> None:
        """Lay out a version's root; raises LayerError."""
        self.instances.prepare(function, self.account(function), self.catalog.folders(function))

    def state(self) -> dict[str, object]:
        """Return the processes, the timers and the triggers of other services."""
        sources = [
            {"function": deployed.key.name, "kind": each.kind, "name": each.name, "enabled": each.enabled}
            for deployed in self.catalog.functions.values()
            for each in deployed.sources
        ]
        return {
            "instances": self.instances.state(),
            "timers": self.timers.state(),
            "sources": sources,
            "deployed": self.catalog.state(),
        }

    def function_of(self, secret_id: str) -> str:
        """Return the name of the function that was given these keys, or nothing."""
        return self._callers.get(secret_id, "")

    def allows(self, function: str, operation: str) -> bool:
        """Say whether a function's role may do what a policy calls so; it may all, where none were given."""
        return self._settings.rights is None or self._settings.rights.allow(function, operation)

    def logs(self, uin: str, region: str, topic: str = "") -> Iterator[dict[str, object]]:
        """Return what an account's functions logged to a topic, as the log service's records."""
        for invocation in self.journal.find():
            deployed = self.catalog.functions.get(invocation.function)
            if deployed and deployed.key[:2] == (uin, region) and deployed.latest.log_topic == topic:
                yield from records(invocation, deployed.latest)

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
        invocation.state = "running"
        attempt = Attempt(self.cloud.clock.now(), invocation.qualifier)
        invocation.attempts.append(attempt)
        try:
            function = deployed.resolve(invocation.qualifier)
        except NotDeployedError:
            attempt.failure = QUALIFIER_NOT_FOUND
        else:
            attempt.version = function.version
            await self._run(function, attempt, invocation)

    async def _run(self, function: Function, attempt: Attempt, invocation: Invocation) -> None:
        account = self.account(function)
        minted = self.cloud.mint_credentials(account.uin, role=function.role)
        self._callers[minted.secret_id] = function.name
        keys = environment.keys(minted)
        context = environment.context(function, account, invocation.request_id)
        reserved_mib = {
            key: each.reserved_mib
            for key, each in self.catalog.functions.items()
            if each.reserved_mib is not None
        }
        work = Work(keys, invocation.event, context)
        await self.instances.run(function, attempt, work, reserved_mib)

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
