"""What the checks go by. What could not be read is None; `Attempt` says why."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - a dataclass's field
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - as above
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cbsnap.errors import CbsnapError, CloudError
    from cbsnap.model import Disk, Instance, Plan, Snapshot, SnapshotUsage, Target
    from cbsnap.ports import HostStatus, PlanCheck
    from cbsnap.surroundings import Contact, DeployedFunction, RefusedCall


@dataclass(frozen=True, slots=True)
class Attempt:
    """One action that was tried in one region, named as in CAM's policies; `error` if it failed."""

    action: str
    region: str
    error: CloudError | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One target's disks and snapshots."""

    target: Target
    disks: tuple[Disk, ...] | None = None
    snapshots: tuple[Snapshot, ...] | None = None
    usage: SnapshotUsage | None = None


@dataclass(frozen=True, slots=True)
class HostSeen:
    """One host that a policy holds by a plan; `selected` are all disks that the policy takes."""

    instance: Instance
    policy: str
    plan: str
    selected: frozenset[str]
    status: HostStatus | CbsnapError
    check: PlanCheck | CbsnapError | None = None


@dataclass(frozen=True, slots=True)
class ScratchSeen:
    """The instance that a policy's drills use: None where there is none; whether it takes commands."""

    policy: str
    instance_id: str
    state: str | None
    reached: bool | None = None


@dataclass(frozen=True, slots=True)
class Installed:
    """What is deployed in a region.

    `policy_file` is the one in the functions' layer; `refused` and `last_upkeep` are from their log,
    None where it was not read or says nothing.
    """

    region: str
    functions: tuple[DeployedFunction, ...] | None = None
    newest_layers: Mapping[str, int] = field(default_factory=dict)
    policy_file: bytes | None = None
    refused: tuple[RefusedCall, ...] | None = None
    last_upkeep: datetime | None = None

    def named(self, name: str) -> DeployedFunction | None:
        """Return a function."""
        return next((one for one in self.functions or () if one.name == name), None)


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it. `policy_file` is the one that lies here; `opened`: a key opens the agents' ports."""

    now: datetime
    plan: Plan
    policy_file: bytes
    contact: Contact
    caller: str | CloudError
    regions: tuple[str, ...] | None
    places: tuple[Place, ...]
    hosts: tuple[HostSeen, ...]
    opened: bool
    scratch: tuple[ScratchSeen, ...]
    installed: Installed
    attempts: tuple[Attempt, ...]
