"""The agents on hosts: what holds disks still, and what proves it afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbsnap.model.cloud import Instance
    from cbsnap.model.labels import Label
    from cbsnap.model.policies import Transport


@dataclass(frozen=True, slots=True)
class Cover:
    """A disk that a lease held: `how` in the host's words, `label` what that earned."""

    disk_id: str
    label: Label
    how: str = ""


@dataclass(frozen=True, slots=True)
class PlanCheck:
    """What a host says of a plan before anything is held.

    `disk_ids` hold the plan's data; `label` is what all of them would earn.
    """

    disk_ids: frozenset[str]
    problems: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """A host's record of one lease; it proves something only when it was released whole."""

    lease_id: str
    state: str
    verdict: str | None
    reason: str = ""
    covers: tuple[Cover, ...] = ()
    ttl_left_ms: int = 0
    locked_ms: float | None = None
    frozen_ms: float | None = None
    caveats: tuple[str, ...] = ()
    positions: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[tuple[str, float], ...] = ()
    answered: Mapping[str, str] = field(default_factory=dict)

    @property
    def held(self) -> bool:
        """Whether the plan is held now."""
        return self.state == "HELD"

    @property
    def whole(self) -> bool:
        """Whether lock and freeze lasted unbroken from HELD to this holder's release."""
        return self.state == "RELEASED" and self.verdict == "whole"


@dataclass(frozen=True, slots=True)
class HostStatus:
    """What an agent says of itself; `lease` is the last one of which it knows, whatever became of it.

    `start_id` is of this start of the agent; `key_versions` are valid now, none where it has no port.
    `clock_ahead_s` is how far the host's clock is ahead of ours, to the second; `since_boot_s` is the time
    since it was booted, None from an agent that does not tell.
    """

    version: str
    plans: tuple[str, ...]
    paused: bool
    lease: LeaseRecord | None = None
    start_id: str = ""
    key_versions: tuple[str, ...] = ()
    clock_ahead_s: float = 0.0
    since_boot_s: float | None = None


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """What is asked of one host. `lease_id` is 32 hex digits, fresh for each attempt."""

    lease_id: str
    operation: str
    plan: str
    disk_ids: tuple[str, ...]
    ttl_s: int
    budget_ms: int


class Host(Protocol):
    """The agent on one instance."""

    def check(self, plan: str, disk_ids: Sequence[str]) -> PlanCheck:
        """Try a plan without holding it."""

    def lease(self, request: LeaseRequest) -> LeaseRecord:
        """Hold a plan; the same `lease_id` again returns the same record. It may have FAILED."""

    def release(self, lease_id: str, answered: Mapping[str, str]) -> LeaseRecord:
        """End a lease, telling which disks' creates were answered; can be repeated."""

    def close(self) -> None:
        """Give the connection up."""


class Hosts(Protocol):
    """The way to the agents."""

    def on(self, instance: Instance, transport: Transport) -> Host:
        """Return the agent of one instance; nothing is sent yet."""


class Journal(Protocol):
    """What the agent on one instance remembers of ended leases: 24 hours, and not past a reboot."""

    def of_snapshot(self, snapshot_id: str) -> list[LeaseRecord]:
        """Return the leases whose release carried this snapshot."""

    def close(self) -> None:
        """Give the connection up."""


class Journals(Protocol):
    """The way to the agents' journals."""

    def on(self, instance: Instance, transport: Transport) -> Journal:
        """Return one instance's journal; nothing is sent yet."""


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
