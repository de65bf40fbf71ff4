"""What a check-up looks at outside disks and snapshots: the API's door, the deployed functions, their log.

Values, and the ports that bring them; nothing here changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - a dataclass's field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbsnap.model import Instance, Transport
    from cbsnap.ports import HostStatus, PlanCheck


class Silence(Enum):
    """Why the API's address gave no answer."""

    NAME = "its name is not known"
    REFUSED = "nothing listens there"
    CERTIFICATE = "its certificate is not trusted"
    SILENT = "no answer in time"
    BROKEN = "the connection broke"


@dataclass(frozen=True, slots=True)
class Contact:
    """One greeting of the API, unsigned.

    `ahead_s` is how far our clock is ahead of its, within `give_s` either way; None when it did not say.
    """

    address: str
    silence: Silence | None = None
    detail: str = ""
    ahead_s: float | None = None
    give_s: float = 0.0


class Door(Protocol):
    """The way into the cloud, before anything is asked of it."""

    def greet(self) -> Contact:
        """Greet the API without keys."""

    def caller(self) -> str:
        """Return who our keys are (its resource name). Raises CloudError."""

    def regions(self) -> list[str]:
        """Return the regions that the account can use. Raises CloudError."""


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer trigger; `usable` is what the platform says of it."""

    name: str
    cron: str
    enabled: bool
    usable: bool = True


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """One deployed function; `layers` maps names to versions, `status` is the platform's word (Active)."""

    name: str
    status: str
    reason: str = ""
    added_at: datetime | None = None
    log_topic: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, int] = field(default_factory=dict)
    timers: tuple[Timer, ...] = ()


class Deployment(Protocol):
    """What is deployed in one region."""

    region: str

    def functions(self, prefix: str) -> list[DeployedFunction]:
        """Return the functions whose names begin so. Raises CloudError."""

    def newest_layer(self, name: str) -> int:
        """Return the newest version of a layer, 0 where there is none. Raises CloudError."""

    def file_of_layer(self, name: str, version: int, path: str) -> bytes | None:
        """Return a file of a layer; None where the layer has none of that path. Raises CloudError."""


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call that a function was not allowed: `action` as the API has it, at its last time."""

    at: datetime
    function: str
    action: str
    region: str


class FunctionLog(Protocol):
    """What the functions have logged, as far back as the log is kept."""

    def refused_calls(self, since: datetime) -> list[RefusedCall]:
        """Return the calls that no right allowed, oldest first. Raises CloudError."""

    def last_upkeep(self, since: datetime) -> datetime | None:
        """Return when `maintain` last came to its end. Raises CloudError."""


class AnsweringHost(Protocol):
    """The agent on one instance, as far as it is asked and not held."""

    def status(self, timeout_s: float) -> HostStatus:
        """Return what the agent says of itself. Raises HostError."""

    def check(self, plan: str, disk_ids: Sequence[str]) -> PlanCheck:
        """Try a plan without holding it. Raises HostError."""

    def close(self) -> None:
        """Give the connection up."""


class AnsweringHosts(Protocol):
    """The way to the agents."""

    def on(self, instance: Instance, transport: Transport) -> AnsweringHost:
        """Return the agent of one instance; nothing is sent yet."""
