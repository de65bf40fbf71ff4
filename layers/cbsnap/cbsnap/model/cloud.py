"""What the cloud holds, as its API tells it.

Times are aware UTC datetimes; identifiers are the cloud's own strings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Disk:
    """A cloud disk, as DescribeDisks tells it (states and usages are the API's words)."""

    id: str
    region: str
    zone: str
    name: str
    usage: str
    state: str
    size_gib: int
    instance_ids: tuple[str, ...] = ()
    snapshot_ability: bool = True
    snapshot_count: int = 0
    rolling_back: bool = False
    rollback_percent: int = 0
    migrating: bool = False
    shareable: bool = False
    encrypted: bool = False
    type: str = ""
    snapshot_mib: int = 0
    created_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instance:
    """A virtual machine, as DescribeInstances tells it."""

    id: str
    region: str
    zone: str
    name: str
    state: str
    private_ips: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot, as DescribeSnapshots tells it; `disk_id` is empty for a copy from another region."""

    id: str
    region: str
    name: str
    disk_id: str
    state: str
    percent: int
    created_at: datetime
    size_gib: int
    usage: str = "DATA_DISK"
    deadline: datetime | None = None
    encrypted: bool = False
    copied: bool = False
    locked: bool = False
    shares: int = 0
    image_ids: tuple[str, ...] = ()
    copying_to: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SnapshotUsage:
    """What a region's snapshots add up to (DescribeSnapshotOverview); `free_gib` is billing-free size.

    `billed_gib` is what is billed indeed (RealTradeSize).
    """

    count: int
    size_gib: float
    free_gib: float
    billed_gib: float = 0.0


@dataclass(frozen=True, slots=True)
class NewDisk:
    """A disk to be made of a snapshot; `type` is the API's DiskType."""

    snapshot_id: str
    zone: str
    size_gib: int
    type: str
