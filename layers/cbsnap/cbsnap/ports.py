"""What the jobs need from outside, as the jobs see it.

Adapters in `tencent/` and `hosts/` fulfil these; tests bring fakes with state. Errors are
those of `errors.py`, whatever stands behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cbsnap.deployment import Found, FoundTrigger, Retrying, Trigger, WantedFunction
    from cbsnap.model import (
        AgentProgram,
        Batch,
        Disk,
        DrillOrder,
        Instance,
        Label,
        NewDisk,
        Report,
        Snapshot,
        SnapshotUsage,
        Target,
        Transport,
    )
    from cbsnap.restoration import RestoreOrder
    from cbsnap.upkeep import Tried


TAGGED_TOGETHER = 9  # resources of one TagResources call: the SDK says "N: 0 to 9", which may mean either


class Cloud(Protocol):
    """One account's view of one region; `role` as in the target, None for our own account."""

    region: str
    role: str | None

    def disks(self, ids: Sequence[str] = ()) -> list[Disk]:
        """Return the named disks, those that exist; without names, all of the region."""

    def instances(self, ids: Sequence[str]) -> list[Instance]:
        """Return the named instances, those that exist."""

    def snapshots(self, ids: Sequence[str] = ()) -> list[Snapshot]:
        """Return the named snapshots, those that exist; without names, all of the region."""

    def glance(self, ids: Sequence[str], timeout_s: float) -> list[Snapshot]:
        """Return the named snapshots, asking once only: for use inside a lease."""

    def snapshots_of(self, disk_ids: Sequence[str]) -> list[Snapshot]:
        """Return all snapshots of these disks."""

    def snapshots_since(self, moment: datetime) -> list[Snapshot]:
        """Return those made since then, and those that are still being made whenever they began."""

    def usage(self) -> SnapshotUsage:
        """Return what the region's snapshots add up to."""

    def warm(self, connections: int) -> None:
        """Open that many connections now, so that `create_snapshots` spends no time on it."""

    def create_snapshots(
        self,
        names: Mapping[str, str],
        tags: Mapping[str, str],
        timeout_s: float,
        own_tags: Mapping[str, Mapping[str, str]] | None = None,
        deadline: datetime | None = None,
    ) -> dict[str, str | Exception]:
        """Start one snapshot a disk, all at once; `names` maps disk id to snapshot name.

        `tags` are for all of them, `own_tags` by disk id for one. `deadline`: the cloud deletes them
        then, at least a day ahead; without it they stay.

        Returns by disk id the snapshot's id, or the error; an `OutcomeUnknown` among them may
        have happened. Nothing is tried twice. Returns within `timeout_s`.
        """

    def tag_snapshots(self, snapshot_ids: Sequence[str], key: str, value: str) -> None:
        """Set one tag on many snapshots; what some refuse, the others still get. Raises CloudError."""

    def stop_instances(self, ids: Sequence[str]) -> None:
        """Begin to stop instances softly; they go on being paid for."""

    def start_instances(self, ids: Sequence[str]) -> None:
        """Begin to start instances."""

    def tag_instances(self, ids: Sequence[str], key: str, value: str) -> None:
        """Set one tag on instances."""

    def untag_instances(self, ids: Sequence[str], key: str) -> None:
        """Take one tag from instances."""


class Clouds(Protocol):
    """The regions and accounts that can be reached."""

    def at(self, target: Target) -> Cloud:
        """Return the view of one target; nothing is sent yet."""


class Listing(Protocol):
    """One region's lists by the page, a hundred rows each: for who shows some of them.

    A row's place moves when others come or go, so that one place may be seen twice.
    """

    def disk_rows(self, offset: int) -> tuple[list[Disk], int]:
        """Return the disks from a place on, oldest first, and how many there are in all."""

    def snapshot_rows(self, offset: int, state: str | None = None) -> tuple[list[Snapshot], int]:
        """Return the snapshots from a place on, newest first, and how many there are in all."""


class Listings(Protocol):
    """The regions and accounts that can be reached."""

    def at(self, target: Target) -> Listing:
        """Return one target's; nothing is sent yet."""


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


@dataclass(frozen=True, slots=True)
class LeaseRequest:
    """What is asked of one host. `lease_id` is 32 hex digits, fresh for each attempt."""

    lease_id: str
    operation: str
    plan: str
    disk_ids: tuple[str, ...]
    ttl_s: int
    budget_ms: int


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


class Ending(Protocol):
    """How one region's snapshots come to an end."""

    def delete_snapshots(self, snapshot_ids: Sequence[str]) -> None:
        """Delete snapshots, all or none."""

    def set_deadline(self, snapshot_id: str, deadline: datetime | None) -> None:
        """Let the cloud delete a snapshot at a time, at least a day ahead; None keeps it for good."""


class Copier(Protocol):
    """How one region's snapshots are copied to others."""

    def copy_snapshot(self, snapshot_id: str, name: str, region: str) -> str:
        """Begin a copy in another region, once; return its id there. Raises OutcomeUnknown."""


class Sharer(Protocol):
    """How one region's snapshots are shared with other accounts."""

    def shares(self, snapshot_id: str) -> dict[str, datetime]:
        """Return the accounts that a snapshot is shared with, and since when."""

    def share(self, snapshot_id: str, accounts: Sequence[str]) -> None:
        """Share a snapshot with these accounts."""

    def unshare(self, snapshot_id: str, accounts: Sequence[str]) -> None:
        """Share it with these accounts no more."""


class Lifecycle(Ending, Copier, Sharer, Protocol):
    """What can be done with one region's snapshots once they are made."""


class Lifecycles(Protocol):
    """The regions and accounts that can be reached."""

    def at(self, target: Target) -> Lifecycle:
        """Return one target's; nothing is sent yet."""


class Restorer(Protocol):
    """What one region's disks are put back or made with."""

    def roll_back(self, snapshot_id: str, disk_id: str, *, stop: bool, start: bool) -> None:
        """Begin to roll a disk back to its own snapshot, once. Raises OutcomeUnknown."""

    def disks_named(self, names: Sequence[str]) -> list[Disk]:
        """Return the disks that have one of these names."""

    def create_disk(self, disk: NewDisk, name: str, tags: Mapping[str, str], token: str) -> str:
        """Begin to make a disk and return its id; the same token makes none twice."""

    def tag_disks(self, ids: Sequence[str], key: str, value: str) -> None:
        """Set one tag on disks."""

    def attach(self, disk_ids: Sequence[str], instance_id: str) -> None:
        """Begin to attach disks, ten at most."""


@dataclass(frozen=True, slots=True)
class LoggedReport:
    """A run's report as one invocation of a function logged it, and when."""

    at: datetime
    function: str
    request_id: str
    report: Report


@dataclass(frozen=True, slots=True)
class LoggedDrill:
    """What a drill came to, as the function that carried it out logged it, and when."""

    at: datetime
    tried: Tried


class ReportLog(Protocol):
    """What the functions have reported, as far back as the log is kept."""

    def reports(self, since: datetime, until: datetime, run: str | None = None) -> list[LoggedReport]:
        """Return the reports of a time, `until` not included, oldest first; of one run if it is named."""

    def drills(self, since: datetime, until: datetime) -> list[LoggedDrill]:
        """Return what the drills of a time came to, oldest first."""


class ScratchDisks(Protocol):
    """What a drill does with disks of its own, in one region."""

    def create_disk(self, disk: NewDisk, name: str, tags: Mapping[str, str], token: str) -> str:
        """Begin to make a disk and return its id; the same token makes none twice."""

    def attach(self, disk_ids: Sequence[str], instance_id: str) -> None:
        """Begin to attach disks, ten at most."""

    def detach(self, disk_ids: Sequence[str], instance_id: str) -> None:
        """Begin to detach disks from that instance, ten at most."""

    def terminate(self, disk_ids: Sequence[str]) -> None:
        """Give disks back that are attached to nothing; their snapshots stay."""


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """What became of one command; `error` says why it did not run to its end, `at` when it was given, UTC."""

    invocation_id: str
    running: bool
    exit_code: int | None = None
    output: str = ""
    error: str = ""
    name: str = ""
    at: str = ""


class Commands(Protocol):
    """The cloud's command channel to one region's instances, where no port need be open."""

    def reaches(self, instance_id: str) -> bool:
        """Tell whether the instance takes commands now."""

    def run(self, instance_id: str, script: str, timeout_s: int, name: str) -> str:
        """Start a shell script as root and return the invocation's id. Raises OutcomeUnknown."""

    def outcome(self, invocation_id: str) -> CommandOutcome | None:
        """Return what became of an invocation; None where the cloud knows it not."""

    def named(self, instance_id: str, name: str) -> list[CommandOutcome]:
        """Return what became of the instance's commands of this name, as far as the cloud remembers."""

    def latest(self, instance_id: str, prefix: str) -> CommandOutcome | None:
        """Return the newest of the instance's commands whose name begins so, among the last hundred."""


class Caretaker(Protocol):
    """How the agent comes to one instance, is looked after and goes: by the cloud's command channel.

    Every step may be repeated. All raise HostUnreachable, or HostRefused with the host's reason.
    """

    def reaches(self) -> bool:
        """Tell whether the instance takes commands now."""

    def stage(self, program: AgentProgram, tell: Callable[[str], None]) -> None:
        """Bring the agent's file to the host, whole, beside the one that runs."""

    def replace(self, configuration: str | None) -> None:
        """Start what was staged in the place of what runs, with this configuration or the host's own."""

    def hand_over_key(self, version: int) -> None:
        """Add this version of the host's key to those that its agent takes."""

    def drop_key(self, version: str) -> None:
        """Take a version out."""

    def vouch(self, version: int) -> None:
        """See that the agent answers what this version signs, with the same. Raises HostUntrusted."""

    def status(self) -> HostStatus:
        """Return what the agent says of itself."""

    def check(self, plan: str, disk_ids: Sequence[str]) -> PlanCheck:
        """Try a plan without holding it."""

    def remove(self) -> list[str]:
        """Take the agent away; return what was removed and what stays."""

    def tidy(self) -> None:
        """Remove what only the steps before needed."""

    def latest(self) -> CommandOutcome | None:
        """Return the last command of ours on the instance."""


class Notifier(Protocol):
    """The way to people, and to a monitor that waits for a sign of life."""

    def send(self, url: str, title: str, body: str) -> None:
        """Send one message. Raises NotificationFailed."""

    def beat(self, url: str) -> None:
        """Give a sign of life. Raises NotificationFailed."""


class Memory(Protocol):
    """What was told before, by address and by what it is about; it may forget."""

    def recall(self, address: str) -> dict[str, str] | None:
        """Return what was remembered; None when nothing is known of the address."""

    def remember(self, address: str, told: dict[str, str]) -> None:
        """Keep this instead. Raises NotificationFailed."""


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def now(self) -> datetime:
        """Return the time of day, UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Workers(Protocol):
    """Where batches are carried out."""

    def dispatch(self, batch: Batch) -> str:
        """Hand a batch over, asynchronously and at least once; return the request's id."""


class Settlers(Protocol):
    """The functions that reach the hosts of targets with a worker of their own."""

    def settle(self, target: Target) -> str:
        """Ask a target's worker to settle what is unproven there; return the request's id."""


class Keeper(Protocol):
    """Where errands are carried out, which take longer than a request may: restores, for one."""

    def hand_over(self, order: RestoreOrder) -> str:
        """Hand an errand over, asynchronously and at least once; return the request's id."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of an asynchronous invocation.

    `over`: it will do nothing more, its retries included. `returned` is the JSON value of its function, or
    None where that is not known; `failed` says how it ended otherwise.
    """

    over: bool
    returned: Any = None
    failed: str = ""


class Invocations(Protocol):
    """What became of what was handed over, as far as the platform tells."""

    def of_worker(self, target: Target, request_id: str) -> Answered:
        """Return what became of a batch."""

    def of_keeper(self, request_id: str) -> Answered:
        """Return what became of an errand."""


class DrillKeeper(Protocol):
    """The same for drills."""

    def hand_over(self, order: DrillOrder) -> str:
        """Hand a drill over, asynchronously and at least once; return the request's id."""


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
