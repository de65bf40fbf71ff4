"""The platform that functions run on: as it is, and what changes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cbsnap.deployment import Found, FoundTrigger, Retrying, Trigger, WantedFunction


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


class Platform(Protocol):
    """Functions, layers and triggers of one region and namespace, for whoever deploys them.

    Changes are asked for once; what they change is under way until its status is Active again.
    """

    def found(self, deployment: str, looks_like_ours: Callable[[str], bool]) -> Found:
        """Return what is ours, and what only has a name that looks so."""

    def status(self, function: str) -> str:
        """Return what a function is about: Active, Updating, …Failed."""

    def layer_status(self, layer: str, version: int) -> str:
        """Return what a layer's version is about."""

    def publish_layer(
        self, layer: str, content: bytes, sha256: str, runtimes: Sequence[str], deployment: str
    ) -> int:
        """Publish a layer's next version; returns its number."""

    def create_function(
        self,
        wanted: WantedFunction,
        content: bytes,
        layers: Mapping[str, int],
        description: str,
        deployment: str,
    ) -> None:
        """Make a function with its code and settings."""

    def update_code(self, wanted: WantedFunction, content: bytes) -> None:
        """Send a function's code and the name of its handler."""

    def configure(self, wanted: WantedFunction, layers: Mapping[str, int], description: str) -> None:
        """Set all settings of what can still be changed."""

    def publish_version(self, function: str, description: str) -> str:
        """Make a version of what can still be changed; returns its number."""

    def point(self, function: str, alias: str, version: str, *, exists: bool) -> None:
        """Let an alias stand for a version."""

    def retry(self, function: str, retrying: Retrying) -> None:
        """Set how asynchronous events are treated."""

    def create_trigger(self, function: str, trigger: Trigger) -> None:
        """Make a trigger that calls what $DEFAULT stands for."""

    def update_trigger(self, function: str, trigger: Trigger) -> None:
        """Change a trigger, and make it ours."""

    def delete_trigger(self, function: str, found: FoundTrigger) -> None:
        """Delete a trigger."""

    def delete_version(self, function: str, version: str) -> None:
        """Delete a published version."""

    def delete_function(self, function: str) -> None:
        """Delete a function with all of its versions."""

    def delete_layer(self, layer: str, version: int) -> None:
        """Delete one version of a layer."""
