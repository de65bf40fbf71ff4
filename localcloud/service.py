"""What a service is: a name, a version, and a table of actions.

An action is a frozen dataclass (its fields are its parameters, see `parameters`) with a method
`answer(self, call)` that returns the fields of `Response` but for RequestId, or raises an ApiError. It may be
a coroutine where it has to wait. It is entered in its service's table by the decorator:

    @CBS.action
    @dataclass(frozen=True)
    class DescribeSnapshotOverview:
        def answer(self, call: Call) -> Answer: ...
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from localcloud.errors import MissingParameter, UnsupportedRegion
from localcloud.faults import Struck

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from starlette.routing import BaseRoute

    from localcloud.accounts import Credentials
    from localcloud.cloud import Cloud
    from localcloud.resources import Region

Answer = dict[str, object]
LogRecord = dict[str, object]


class Runtime(Protocol):
    """The function runtime, as far as the server knows it."""

    def routes(self) -> Sequence[BaseRoute]:
        """Return the paths it serves: function URLs, and its own under /_local/."""

    async def start(self) -> None:
        """Begin: called when the server starts."""

    async def stop(self) -> None:
        """End every process of its own: called when the server stops."""

    async def reset(self) -> None:
        """Forget what happened since the start."""

    def state(self) -> Answer:
        """Return what /_local/state shows under `runtime`."""

    def function_of(self, secret_id: str) -> str:
        """Return the name of the function that was given these keys, or nothing."""

    def allows(self, function: str, operation: str) -> bool:
        """Say whether a function's role may do what a policy calls so."""

    def logs(self, uin: str, region: str, topic: str) -> Iterable[LogRecord]:
        """Return what an account's functions wrote to a topic: `SCF_…` fields (583/60336)."""


@dataclass(frozen=True)
class Call:
    """One verified call: who asks, where, and what it may touch."""

    cloud: Cloud
    caller: Credentials
    region: str
    request_id: str
    now_s: float
    struck: Struck = field(default_factory=Struck)
    runtime: Runtime | None = None

    @property
    def here(self) -> Region:
        """Return what the caller has in the region asked; raises MissingParameter, UnsupportedRegion."""
        if not self.region:
            raise MissingParameter(name="X-TC-Region")
        region = self.cloud.region(self.caller.account, self.region)
        if region is None:
            raise UnsupportedRegion(region=self.region)
        return region


class Action(Protocol):
    """An action's class, made by `parameters.read`."""

    def answer(self, call: Call) -> Answer | Awaitable[Answer]:
        """Do it."""


Kind = TypeVar("Kind", bound=Action)


@dataclass(frozen=True)
class Service:
    """One product of one version, its actions, and how often each may be called."""

    name: str
    version: str
    per_second: int = 20
    actions: dict[str, type[Action]] = field(default_factory=dict)
    rates: dict[str, int] = field(default_factory=dict)

    def action(self, kind: type[Kind]) -> type[Kind]:
        """Enter an action under its class's name."""
        self.actions[kind.__name__] = kind
        return kind

    def rated(self, per_second: int) -> Callable[[type[Kind]], type[Kind]]:
        """Enter an action with a documented rate of its own."""

        def enter(kind: type[Kind]) -> type[Kind]:
            self.rates[kind.__name__] = per_second
            return self.action(kind)

        return enter
