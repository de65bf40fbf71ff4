"""What lies in a region: instances, disks and snapshots, as plain records.

They hold facts; how an answer shows them is the services' part, when they change is the transitions'.
Moments are seconds of the cloud's clock.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Tags = dict[str, str]
UNNAMED = "未命名"  # what the SDK says a snapshot and a disk are called that were given no name


@dataclass(slots=True)
class Instance:
    """A virtual machine.

    `agent_url` is for those who look for its host agent, not part of the API; `shows` replaces fields of its
    answer that nothing here depends on; `command_agent` lets the command channel in, `env` is what its
    commands find in their environment.
    """

    id: str
    zone: str
    created_s: float
    ip: str = ""
    name: str = "Unnamed"
    agent_url: str = ""
    state: str = "RUNNING"
    operation: str = ""
    operation_state: str = ""
    operation_request: str = ""
    stopped_mode: str = "NOT_APPLICABLE"
    shows: dict[str, object] = field(default_factory=dict)
    command_agent: bool = True
    env: dict[str, str] = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)


@dataclass(slots=True)
class Disk:
    """A cloud disk; `content` is the local file or directory that stands for its bytes."""

    id: str
    zone: str
    created_s: float
    size_gib: int = 50
    name: str = "Unnamed"
    usage: str = "DATA_DISK"
    kind: str = "CLOUD_PREMIUM"
    charge: str = "POSTPAID_BY_HOUR"
    deadline_s: float | None = None
    project_id: int = 0
    instances: list[str] = field(default_factory=list)
    last_instance: str = ""
    state: str = "UNATTACHED"
    portable: bool = True
    shareable: bool = False
    encrypt: bool = False
    snapshot_ability: bool = True
    migrating: bool = False
    delete_with_instance: bool = False
    rollback_from_s: float = 0.0
    rollback_to_s: float = 0.0
    burst: bool = False
    policies: list[str] = field(default_factory=list)
    tags: Tags = field(default_factory=dict)
    content: str = ""


@dataclass(slots=True)
class Snapshot:
    """A snapshot; `copy` is where the bytes of its disk lie as they were, `cut` says how they were taken.

    `held_bytes` is what it holds beyond the snapshot before it, None where the disk has no bytes here.

    `progress_from_s` and `progress_to_s` are when its state's work began and will be done; a fault may have
    left it `stuck_at` a percentage.
    """

    id: str
    disk_id: str
    zone: str
    created_s: float
    size_gib: int
    name: str = UNNAMED
    usage: str = "DATA_DISK"
    state: str = "CREATING"
    progress_from_s: float = 0.0
    progress_to_s: float = 0.0
    stuck_at: int | None = None
    deadline_s: float | None = None
    project_id: int = 0
    encrypt: bool = False
    from_remote: bool = False
    locked: bool = False
    images: list[str] = field(default_factory=list)
    shared_with: dict[str, float] = field(default_factory=dict)
    copying_to: list[str] = field(default_factory=list)
    tags: Tags = field(default_factory=dict)
    copy: str = ""
    cut: str = ""
    held_bytes: int | None = None
    group: str = ""


@dataclass(slots=True)
class Group:
    """Snapshots that were asked for together. They are not consistent with each other (SDK)."""

    id: str
    name: str
    created_s: float
    snapshots: list[str]
    tags: Tags = field(default_factory=dict)


@dataclass(slots=True)
class AutoPolicy:
    """A policy of the cloud's own automatic snapshots; it is shown and bound, and takes no snapshots here."""

    id: str
    created_s: float
    name: str = "Unnamed"
    activated: bool = True
    hours: list[int] = field(default_factory=list)
    days_of_week: list[int] = field(default_factory=list)
    retention_days: int = 7
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class Quota:
    """How many snapshots there may be.

    The documents disagree, so both hold: 64 + 64 for each disk in a region (362/5754), 64 of each disk
    (362/32413). `per_region` replaces the first.
    """

    per_region: int | None = None
    per_disk: int = 64

    def of_region(self, disks: int) -> int:
        """Return how many snapshots a region with so many disks may hold."""
        return 64 + 64 * disks if self.per_region is None else self.per_region


class Order:
    """The ids of a list in the order of their creation, kept as things come and go; of one moment, by id."""

    def __init__(self, things: Iterable[Disk | Snapshot]) -> None:
        self._keys = sorted((each.created_s, each.id) for each in things)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._keys)

    def add(self, thing: Disk | Snapshot) -> None:
        """Put a thing in its place; most are the newest."""
        key = (thing.created_s, thing.id)
        if not self._keys or key > self._keys[-1]:
            self._keys.append(key)
        else:
            insort(self._keys, key)

    def remove(self, thing: Disk | Snapshot) -> None:
        """Take a thing out."""
        del self._keys[bisect_left(self._keys, (thing.created_s, thing.id))]

    def ids(self, start: int = 0, end: int | None = None, *, newest_first: bool) -> list[str]:
        """Return the ids from `start` to `end`, counted from the newest or the oldest."""
        count = len(self._keys)
        stop = count if end is None else min(end, count)
        if newest_first:
            return [key[1] for key in self._keys[max(count - stop, 0) : max(count - start, 0)][::-1]]
        return [key[1] for key in self._keys[start:stop]]


@dataclass
class Region:
    """All that one account has in one region.

    `shared_here` names the owners of the snapshots that other accounts share with this one; `disk_tokens` the
    disks made for each ClientToken.
    """

    name: str
    uin: str
    quota: Quota = Quota()
    instances: dict[str, Instance] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    policies: dict[str, AutoPolicy] = field(default_factory=dict)
    shared_here: dict[str, str] = field(default_factory=dict)
    disk_tokens: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put what is there already in order."""
        self.disk_order = Order(self.disks.values())
        self.snapshot_order = Order(self.snapshots.values())
        self._of_disk: defaultdict[str, list[Snapshot]] = defaultdict(list)
        for snapshot in self.snapshots.values():
            self._of_disk[snapshot.disk_id].append(snapshot)

    def at(self, thing_id: str) -> tuple[str, str, str]:
        """Return the arguments that name a thing of this region to a transition."""
        return (self.uin, self.name, thing_id)

    def add_disk(self, disk: Disk) -> None:
        """Keep a disk."""
        self.disks[disk.id] = disk
        self.disk_order.add(disk)

    def drop_disk(self, disk: Disk) -> None:
        """Forget a disk; its snapshots stay."""
        del self.disks[disk.id]
        self.disk_order.remove(disk)

    def add_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, and know whose it is."""
        self.snapshots[snapshot.id] = snapshot
        self.snapshot_order.add(snapshot)
        self._of_disk[snapshot.disk_id].append(snapshot)

    def drop_snapshot(self, snapshot_id: str) -> Snapshot:
        """Forget a snapshot, and whose it was."""
        snapshot = self.snapshots.pop(snapshot_id)
        self.snapshot_order.remove(snapshot)
        self._of_disk[snapshot.disk_id].remove(snapshot)
        if snapshot.group in self.groups:
            self.groups[snapshot.group].snapshots.remove(snapshot_id)
        return snapshot

    def snapshots_of(self, disk_id: str) -> list[Snapshot]:
        """Return a disk's snapshots in the order they were made, whether the disk is still there or not."""
        return [each for each in self._of_disk.get(disk_id, ()) if not each.from_remote]
