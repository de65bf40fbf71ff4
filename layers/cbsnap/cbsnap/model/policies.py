"""What the operator wants of one policy: which disks, when, how they are held, how long snapshots stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from cbsnap.model.labels import Label

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Selection:
    """Which disks: every condition that is given must hold; an empty one does not restrict.

    `tags` maps a key to the values that are accepted, any of them.
    """

    disks: frozenset[str] = frozenset()
    instances: frozenset[str] = frozenset()
    tags: Mapping[str, frozenset[str]] = field(default_factory=dict)
    usage: str | None = None
    zones: frozenset[str] = frozenset()
    attached: bool | None = None
    exclude: Selection | None = None


class Grouping(Enum):
    """Which disks are taken at the same moment."""

    DISK = "disk"
    INSTANCE = "instance"
    TAG = "tag"
    ALL = "all"


class OnFailure(Enum):
    """What becomes of the snapshot when the host could not be quiesced."""

    ABORT = "abort"
    CRASH = "crash"


class Thaw(Enum):
    """The moment at which the host may go on."""

    RETURNED = "returned"
    VISIBLE = "visible"
    NORMAL = "normal"


class Transport(Enum):
    """The way to a host's agent: its port on the private network, or the cloud's command channel."""

    HTTP = "http"
    TAT = "tat"


# A command takes seconds to get there and its answer to be seen: what is held meanwhile must last.
TTL_S = {Transport.HTTP: 30, Transport.TAT: 60}

DELIVERY_S = {Transport.HTTP: 0, Transport.TAT: 20}  # at most [inferred: no document says how long it takes]


@dataclass(frozen=True, slots=True)
class Quiesce:
    """How hosts are held: by a plan of theirs, or stopped (`plan` is empty then).

    `ttl_s` is the lease's time to live; `budget_s` bounds the way to HELD, or to a stopped instance.
    """

    plan: str
    on_failure: OnFailure = OnFailure.ABORT
    tries: int = 2
    ttl_s: int = 30
    budget_s: int = 90
    thaw: Thaw = Thaw.RETURNED
    transport: Transport = Transport.HTTP

    @property
    def stops(self) -> bool:
        """Whether the instance is stopped, taken and started again."""
        return not self.plan

    @classmethod
    def asked(cls, plan: str | None, on_failure: OnFailure, transport: Transport) -> Quiesce | None:
        """Return how a request wants hosts held; None without a plan."""
        return cls(plan, on_failure, ttl_s=TTL_S[transport], transport=transport) if plan else None


@dataclass(frozen=True, slots=True)
class Keep:
    """How long good snapshots stay: any rule that keeps one is enough. At least one rule is set."""

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    within: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Copying:
    """Where good snapshots are copied to, and how long the copies stay there."""

    region: str
    keep: Keep


@dataclass(frozen=True, slots=True)
class Sharing:
    """The account that good snapshots are shared with, and for how long."""

    account: str
    lasting: timedelta


@dataclass(frozen=True, slots=True)
class Drilling:
    """How a policy's snapshots are tried: as clones of at most `max_gib`, on a scratch instance.

    `checks` names the section of that host's own configuration that says what is looked at beyond the
    filesystems; `region` and `role` are the target's, None for the only one's and for our own account.
    Clones live for `window` at most, and a drill is not begun later than that after its due time. `type`
    is the clones' DiskType, None for the source's.
    """

    instance: str
    schedule: str
    window: timedelta
    max_gib: int
    region: str | None = None
    role: str | None = None
    checks: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of the file. `schedule` is a five-field cron in the IANA zone `time_zone`.

    `good` is the least label that fills the rules of `keep`; lesser ones stay for `lesser_for`. A pass
    that would delete more than `fuse_percent` of the policy's snapshots in a region deletes none.
    `coverage` is how old the newest good one may be, `notify` the name of who is told.
    `group_tag` is the tag whose value disks share that are one group, when `group` is TAG.
    `max_held`: hosts of it held at the same time, at most. `one_at_a_time`: the tag by whose value
    disks belong to one cluster, whose members are not held together. `jitter` spreads the starts of
    its groups. `make_room`: what retention would delete anyway is deleted before a run that lacks room.
    """

    name: str
    select: Selection
    schedule: str
    time_zone: str
    window: timedelta
    keep: Keep
    group: Grouping = Grouping.DISK
    group_tag: str | None = None
    quiesce: Quiesce | None = None
    good: Label = Label.CRASH
    lesser_for: timedelta = timedelta(days=3)
    fuse_percent: int = 50
    coverage: timedelta | None = None
    notify: str | None = None
    copy: tuple[Copying, ...] = ()
    share: tuple[Sharing, ...] = ()
    max_held: int | None = None
    one_at_a_time: str | None = None
    jitter: timedelta = timedelta(0)
    skip_dates: frozenset[date] = frozenset()
    paused: bool = False
    make_room: bool = False
    drill: Drilling | None = None
