"""What the core speaks about: frozen values, no behaviour that needs the outside.

Times are aware UTC datetimes; identifiers are the cloud's own strings. What a person wrote
(policies, requests) and what the cloud answered is converted into these at the edge, once.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - `wire` has the annotations read
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum


class Label(Enum):
    """What a snapshot may be trusted for, weakest first."""

    CRASH = "crash"
    FILESYSTEM = "filesystem"
    APPLICATION = "application"
    CLEAN = "clean"

    def __init__(self, _word: str) -> None:
        self.rank = len(type(self).__members__)  # place in the order of trust, 0 for the weakest


# --- what the cloud holds -------------------------------------------------------------------


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


# --- what the operator wants ----------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class AgentProgram:
    """The agent in one file, and the version that it says it is."""

    content: bytes
    version: str


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
class QuotaLimits:
    """What a person set over the documented limits; None means the documented one."""

    region: int | None = None
    disk: int | None = None


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


@dataclass(frozen=True, slots=True)
class Target:
    """A region whose disks are looked after: of our own account, or of the one that `role` belongs to.

    `role` is a CAM role's resource name (`qcs::cam::uin/100000000001:roleName/cbsnap`), `worker` the
    function that reaches the region's hosts, as `[region/]name`.
    """

    region: str
    role: str | None = None
    external_id: str | None = None
    worker: str | None = None

    def __str__(self) -> str:
        """Return the region, and whose it is when it is not ours."""
        return self.region if self.role is None else f"{self.region} as {self.role}"


@dataclass(frozen=True, slots=True)
class EventRule:
    """What is done when something happens that meets every condition given.

    Conditions are patterns, any of which may match; `*` stands for any text. `data` maps dotted
    paths into the event's data to patterns. `disks` are the fields in which the event names disks or
    instances: then only those are taken, under `policy` or the first one that selects each; without
    it, all that `policy` selects. `apart` is the least time between two snapshots of one disk that
    were asked for. `region` stands in for the event's own.
    """

    name: str
    source: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    data: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    policy: str | None = None
    disks: tuple[str, ...] = ()
    region: str | None = None
    apart: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wording:
    """How a message reads; `rules.wording` says what `{…}` may stand in which text.

    `title` and `well` head a message while something is open and when nothing is; `line` tells a
    finding, `error` why a region could not be looked after.
    """

    title: str = "cbsnap {deployment}: {open} open"
    well: str = "cbsnap {deployment}: all is well"
    new: str = "New:"
    over: str = "Over:"
    unchanged: str = "Unchanged: {unchanged}"
    line: str = "{trouble}: {subject}{of_policy} in {region}: {reason}"
    error: str = "{region}: {reason}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The policy file, parsed. `agent_port` is where hosts' agents listen on their private address.

    `notify` maps names to apprise's URLs, in which `${NAME}` stands for the environment's secret;
    `templates` has the wording of those that do not take the usual one.
    `time_zone` is that of the policies that name none.
    """

    deployment: str
    targets: tuple[Target, ...]
    policies: tuple[Policy, ...]
    quota: QuotaLimits = QuotaLimits()
    agent_port: int = 9780
    notify: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, Wording] = field(default_factory=dict)
    heartbeat: str | None = None
    events: tuple[EventRule, ...] = ()
    time_zone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class NewDisk:
    """A disk to be made of a snapshot; `type` is the API's DiskType."""

    snapshot_id: str
    zone: str
    size_gib: int
    type: str


# --- what is done ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """One policy at one due time, or one request: then `key` says which, whatever the time."""

    policy: str
    due: datetime
    key: str | None = None

    def __str__(self) -> str:
        """Return `orders-db@20261122T0200Z`, with `#<key>` for what was asked for."""
        due = f"{self.policy}@{self.due:%Y%m%dT%H%MZ}"
        return due if self.key is None else f"{due}#{self.key}"


@dataclass(frozen=True, slots=True)
class Group:
    """Disks taken at one moment; `id` names the group inside its run (an instance's or a disk's id).

    Groups of one `chain`, on the same hosts or members of one database cluster, are taken one after
    the other. `run` is the place of its run in `Batch.runs`.
    """

    id: str
    disk_ids: tuple[str, ...]
    chain: str = ""
    run: int = 0


class Decision(Enum):
    """What became of one disk in one run."""

    TAKEN = "taken"
    ADOPTED = "adopted"
    DONE = "already done"
    DISPATCHED = "dispatched"
    DEFERRED = "deferred"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SPARED = "spared"
    PREVIEWED = "would be taken"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One disk's line in a run report; `reason` is a sentence for a person, empty when all went well.

    `lost`: how its lease ended, when that did not last until its release.
    `tries` counts attempts, under a lease or without; finding a host busy is none.
    `create_ms` is how long CreateSnapshot took to answer for all disks of the same moment.
    """

    disk_id: str
    decision: Decision
    snapshot_id: str | None = None
    label: Label | None = None
    reason: str = ""
    locked_ms: float | None = None
    lost: str = ""
    tries: int = 0
    create_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What a host said of the lease that a group was taken under.

    `cut`: what is known of when the cloud fixed the content, by the thaw point that was waited for.
    """

    group: str
    lease_id: str
    verdict: str
    reason: str = ""
    locked_ms: float | None = None
    frozen_ms: float | None = None
    covers: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    positions: Mapping[str, object] = field(default_factory=dict)
    steps: tuple[tuple[str, float], ...] = ()
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one worker invocation is to take; everything it needs stands in here.

    `not_after`: no host is locked later than this. `deliver_by`: a message that comes later is
    dropped, since what it asks for has been handed out again. `patience_s`: how long another
    snapshot of the same disk is waited for; a scheduled run waits for its next tick instead, with
    0. `apart_s`: a disk is spared whose newest snapshot of the policy with a key is not older than
    this. `rate_per_s`: this worker's share of the API's rate for CreateSnapshot, from `begins_at` on;
    at once for None. `side_by_side`: hosts held at the same time. `beside`: runs of other policies
    that share leases with `run`. `deadline`: the cloud deletes the snapshots then; only for what a
    person asked for, since nothing stands behind it.
    """

    run: Run
    target: Target
    deployment: str
    groups: tuple[Group, ...]
    not_after: datetime
    deliver_by: datetime
    quiesce: Quiesce | None = None
    quota: QuotaLimits = QuotaLimits()
    rate_per_s: float = 10.0
    begins_at: datetime | None = None
    side_by_side: int = 8
    patience_s: float = 0.0
    apart_s: float = 0.0
    title: str | None = None
    agent_port: int = 9780
    beside: tuple[Run, ...] = ()
    deadline: datetime | None = None

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs that it is about, its own first."""
        return (self.run, *self.beside)

    def run_of(self, disk_id: str) -> Run:
        """Return the run for which a disk is taken; every disk is in one group only."""
        places = (group.run for group in self.groups if self.beside and disk_id in group.disk_ids)
        return self.runs[next(places, 0)]


@dataclass(frozen=True, slots=True)
class Removal:
    """A snapshot that was deleted to make room, or `error`: why it could not be."""

    snapshot_id: str
    disk_id: str
    reason: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class DrillOrder:
    """A policy's drill that somebody asked for; `deliver_by`: a message that comes later is dropped."""

    key: str
    target: Target
    policy: str
    deliver_by: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What one run came to in one region. `quota_left` is the region's, after the run; None if not known.

    `began` and `ended` are a worker's; a run has as many reports as workers, and the schedule's.
    """

    run: str
    region: str
    outcomes: tuple[Outcome, ...] = ()
    proofs: tuple[Proof, ...] = ()
    quota_left: int | None = None
    batches: tuple[str, ...] = ()
    error: str = ""
    removed: tuple[Removal, ...] = ()
    began: datetime | None = None
    ended: datetime | None = None


# --- what happens elsewhere -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Actor:
    """Who caused an event, as CloudAudit tells it (1021/40499); empty where it does not.

    `principal` is an account's, a user's or a role's id, `client` what sent the request.
    """

    principal: str = ""
    secret_id: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of another service, whatever brought it; `id` is the same at each delivery.

    `region` is empty where the event has none. `data` is JSON, an object at the top.
    """

    id: str
    source: str
    type: str
    subject: str = ""
    time: datetime | None = None
    region: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)
    actor: Actor | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """What became of one event under one rule. `event` is its id, or its place where it has none.

    `skipped` says what was left out and why, `mistake` what is wrong with the event itself.
    """

    event: str
    type: str = ""
    subject: str = ""
    rule: str = ""
    reports: tuple[Report, ...] = ()
    skipped: tuple[str, ...] = ()
    mistake: str = ""
