"""The fleet file's keys: what may be said of accounts, regions, instances, disks and snapshots.

What it means is the fleet's part; how YAML becomes records is `records`'.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from localcloud.records import Within, Word

# The states and kinds of the SDK's models of a disk, a snapshot and an instance.
DiskState = Annotated[
    str,
    Word(
        "",
        "UNATTACHED",
        "ATTACHING",
        "ATTACHED",
        "DETACHING",
        "EXPANDING",
        "ROLLBACKING",
        "TORECYCLE",
        "DUMPING",
    ),
]
SnapshotState = Annotated[
    str, Word("NORMAL", "CREATING", "ROLLBACKING", "COPYING_FROM_REMOTE", "CHECKING_COPIED", "TORECYCLE")
]
InstanceState = Annotated[
    str,
    Word(
        "PENDING",
        "LAUNCH_FAILED",
        "RUNNING",
        "STOPPED",
        "STARTING",
        "STOPPING",
        "REBOOTING",
        "SHUTDOWN",
        "TERMINATING",
    ),
]
Usage = Annotated[str, Word("SYSTEM_DISK", "DATA_DISK")]
Count = Annotated[int, Within(0)]


@dataclass(frozen=True)
class RoleSpec:
    """A role that may be assumed; see accounts.Role."""

    name: str
    id: str = "4611686018427397919"
    external_id: str = ""
    trusts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class AccountSpec:
    """An account; keys that are not given are those of the default account."""

    uin: str = "100000000001"
    appid: str = "1250000001"
    secret_id: str = "AKIDlocalcloud"  # noqa: S105  # a public name, as is the key: they open nothing else
    secret_key: str = "localcloud"  # noqa: S105  # as above
    roles: list[RoleSpec] = field(default_factory=lambda: [RoleSpec("cbsnap")])


@dataclass(frozen=True)
class InstanceSpec:
    """An instance; see resources.Instance for what the keys mean."""

    id: str
    account: str = ""
    ip: str = ""
    name: str = ""
    zone: str = ""
    state: InstanceState = "RUNNING"
    agent_url: str = ""
    created: str = ""
    shows: dict[str, object] = field(default_factory=dict)
    command_agent: bool = True
    env: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DiskSpec:
    """A disk; `existing_snapshots` gives it so many finished ones, `count` makes so many such disks."""

    id: str
    account: str = ""
    name: str = ""
    zone: str = ""
    size_gib: Annotated[int, Within(1)] = 50
    usage: Usage = "DATA_DISK"
    type: str = "CLOUD_PREMIUM"
    charge: Annotated[str, Word("PREPAID", "POSTPAID_BY_HOUR", "CDCPAID")] = "POSTPAID_BY_HOUR"
    project_id: Count = 0
    instance: str = ""
    instances: list[str] = field(default_factory=list)
    state: DiskState = ""
    portable: bool = True
    shareable: bool = False
    encrypt: bool = False
    migrating: bool = False
    snapshot_ability: bool = True
    existing_snapshots: Count = 0
    count: Count = 1
    content: str = ""
    created: str = ""
    deadline: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SnapshotSpec:
    """A snapshot; one that is CREATING is done `ready_in_s` after the start."""

    id: str
    disk: str = ""
    account: str = ""
    name: str = ""
    zone: str = ""
    size_gib: Count = 0
    usage: Annotated[str, Word("", "SYSTEM_DISK", "DATA_DISK")] = ""
    state: SnapshotState = "NORMAL"
    ready_in_s: Annotated[float, Within(0, 1e9)] = 600
    created: str = ""
    deadline: str = ""
    project_id: Count = 0
    encrypt: bool = False
    from_remote: bool = False
    locked: bool = False
    images: list[str] = field(default_factory=list)
    shared_with: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PolicySpec:
    """An automatic policy of the cloud's own, and the disks that are bound to it."""

    id: str
    account: str = ""
    name: str = "Unnamed"
    activated: bool = True
    hours: list[Annotated[int, Within(0, 23)]] = field(default_factory=lambda: [2])
    days_of_week: list[Annotated[int, Within(0, 6)]] = field(default_factory=list)
    retention_days: Count = 7
    disks: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class QuotaSpec:
    """How many snapshots there may be; see resources.Quota."""

    per_region: Count | None = None
    per_disk: Count = 64


@dataclass(frozen=True)
class RegionSpec:
    """What lies in a region."""

    quota: QuotaSpec = QuotaSpec()
    instances: list[InstanceSpec] = field(default_factory=list)
    disks: list[DiskSpec] = field(default_factory=list)
    snapshots: list[SnapshotSpec] = field(default_factory=list)
    auto_policies: list[PolicySpec] = field(default_factory=list)


@dataclass(frozen=True)
class FleetSpec:
    """The whole file."""

    accounts: list[AccountSpec] = field(default_factory=lambda: [AccountSpec()])
    regions: dict[str, RegionSpec] = field(default_factory=dict)
