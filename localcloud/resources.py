"""What lies in a region: instances, disks and snapshots, as plain records.

They hold facts; how an answer shows them is the services' part, when they change is the agenda's.
Moments are seconds of the cloud's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Tags = dict[str, str]


@dataclass
class Instance:
    """A virtual machine."""

    id: str
    zone: str
    created_s: float
    ip: str = ""
    name: str = "Unnamed"
    agent_url: str = ""
    state: str = "RUNNING"
    tags: Tags = field(default_factory=dict)


@dataclass
class Disk:
    """A cloud disk; `content` is the local file or directory that stands for its bytes."""

    id: str
    zone: str
    created_s: float
    size_gib: int = 50
    name: str = "Unnamed"
    usage: str = "DATA_DISK"
    kind: str = "CLOUD_PREMIUM"
    instances: list[str] = field(default_factory=list)
    state: str = "UNATTACHED"
    shareable: bool = False
    encrypt: bool = False
    snapshot_ability: bool = True
    snapshots: dict[str, None] = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)
    content: str = ""


@dataclass
class Snapshot:
    """A snapshot; `copy` is where the bytes of its disk lie as they were."""

    id: str
    disk_id: str
    zone: str
    created_s: float
    size_gib: int
    name: str = ""
    usage: str = "DATA_DISK"
    state: str = "CREATING"
    ready_s: float = 0.0
    deadline_s: float | None = None
    encrypt: bool = False
    from_remote: bool = False
    tags: Tags = field(default_factory=dict)
    copy: str = ""


@dataclass
class Region:
    """All that one account has in one region."""

    name: str
    instances: dict[str, Instance] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
