"""What is done under a policy or a request, and what came of it: the words that functions exchange."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - `wire` has the annotations read
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - as above
from enum import Enum

from cbsnap.model.labels import Label  # noqa: TC001 - as above
from cbsnap.model.plan import QuotaLimits, Target
from cbsnap.model.policies import Quiesce  # noqa: TC001 - as above


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
    quota: QuotaLimits = field(default_factory=QuotaLimits)
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
