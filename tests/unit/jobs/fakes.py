"""Stand-ins at the ports, with state that tests look at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from threading import Lock
from typing import TYPE_CHECKING

from cbsnap.errors import HostError, HostRefused, HostUnreachable, OutcomeUnknown
from cbsnap.model import Disk, Instance, Label, Snapshot, SnapshotUsage, Target, Transport
from cbsnap.ports import Cover, LeaseRecord, PlanCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cbsnap.model import Batch
    from cbsnap.ports import LeaseRequest

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=timezone.utc)
REGION = "ap-guangzhou"
HERE = Target(REGION)


@dataclass
class FakeClock:
    """Time that only moves when somebody waits."""

    time: datetime = NOON
    waited_s: float = 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return 1000.0 + self.waited_s

    def sleep(self, seconds: float) -> None:
        self.waited_s += seconds
        self.time += timedelta(seconds=seconds)


def disk(disk_id: str, instance: str | None = "ins-1", **more: object) -> Disk:
    attached = Disk(
        id=disk_id,
        region=REGION,
        zone=f"{REGION}-3",
        name=disk_id,
        usage="DATA_DISK",
        state="ATTACHED" if instance else "UNATTACHED",
        size_gib=10,
        instance_ids=(instance,) if instance else (),
    )
    return replace(attached, **more)  # type: ignore[arg-type]


def instance(instance_id: str = "ins-1", state: str = "RUNNING") -> Instance:
    return Instance(instance_id, REGION, f"{REGION}-3", instance_id, state, ("10.0.0.1",))


@dataclass
class FakeCloud:
    """A region. `answers` holds what a disk's next create meets instead of success."""

    clock: FakeClock
    disk_list: list[Disk] = field(default_factory=list)
    instance_list: list[Instance] = field(default_factory=list)
    snapshot_list: list[Snapshot] = field(default_factory=list)
    answers: dict[str, Exception] = field(default_factory=dict)
    made_all_the_same: set[str] = field(default_factory=set)
    appears_after_s: float = 0.0
    one_at_a_time: Lock = field(default_factory=Lock, repr=False)
    labels: dict[str, str] = field(default_factory=dict)
    losses: dict[str, str] = field(default_factory=dict)
    labelled: list[int] = field(default_factory=list)
    tag_failures: list[Exception] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    on_create: Callable[[], None] | None = None
    never_stops: bool = False
    start_failures: list[Exception] = field(default_factory=list)
    create_timeout_s: float = 0.0
    region: str = REGION
    role: str | None = None

    def disks(self, ids: Sequence[str] = ()) -> list[Disk]:
        return [one for one in self.disk_list if not ids or one.id in ids]

    def instances(self, ids: Sequence[str]) -> list[Instance]:
        return [one for one in self.instance_list if one.id in ids]

    def snapshots(self, ids: Sequence[str] = ()) -> list[Snapshot]:
        there = [one for one in self.snapshot_list if one.created_at <= self.clock.now()]
        return [one for one in there if not ids or one.id in ids]

    def glance(self, ids: Sequence[str], timeout_s: float) -> list[Snapshot]:
        assert timeout_s > 0
        return self.snapshots(ids)

    def snapshots_of(self, disk_ids: Sequence[str]) -> list[Snapshot]:
        self.log.append("look")
        return [one for one in self.snapshots() if one.disk_id in disk_ids]

    def snapshots_since(self, moment: datetime) -> list[Snapshot]:
        self.log.append("since")
        return [one for one in self.snapshots() if one.created_at >= moment or one.state == "CREATING"]

    def usage(self) -> SnapshotUsage:
        return SnapshotUsage(len(self.snapshot_list), 0.0, 0.0)

    def warm(self, connections: int) -> None:
        self.log.append(f"warm {connections}")

    def create_snapshots(
        self,
        names: Mapping[str, str],
        tags: Mapping[str, str],
        timeout_s: float,
        own_tags: Mapping[str, Mapping[str, str]] | None = None,
        deadline: datetime | None = None,
    ) -> dict[str, str | Exception]:
        assert timeout_s > 0
        self.create_timeout_s = timeout_s
        self.log.append("create " + " ".join(sorted(names)))
        self.deadline = deadline
        if self.on_create is not None:
            self.on_create()
        own = own_tags or {}
        return {
            disk_id: self._create(disk_id, name, {**own.get(disk_id, {}), **tags})
            for disk_id, name in names.items()
        }

    def tag_snapshots(self, snapshot_ids: Sequence[str], key: str, value: str) -> None:
        self.labelled.append(len(snapshot_ids))
        if self.tag_failures:
            raise self.tag_failures.pop(0)
        kept = {"cbsnap:label": self.labels, "cbsnap:lost": self.losses}[key]
        kept.update(dict.fromkeys(snapshot_ids, value))

    def stop_instances(self, ids: Sequence[str]) -> None:
        self.log.append(f"stop {' '.join(ids)}")
        if not self.never_stops:
            self._becomes(ids, "STOPPED")

    def start_instances(self, ids: Sequence[str]) -> None:
        self.log.append(f"start {' '.join(ids)}")
        if self.start_failures:
            raise self.start_failures.pop(0)
        self._becomes(ids, "RUNNING")

    def tag_instances(self, ids: Sequence[str], key: str, value: str) -> None:
        self.log.append(f"mark {' '.join(ids)}")
        self.instance_list = [
            replace(one, tags={**one.tags, key: value}) if one.id in ids else one
            for one in self.instance_list
        ]

    def untag_instances(self, ids: Sequence[str], key: str) -> None:
        self.log.append(f"unmark {' '.join(ids)}")
        self._tagged(ids, lambda tags: {name: value for name, value in tags.items() if name != key})

    def _tagged(self, ids: Sequence[str], change: Callable[[Mapping[str, str]], dict[str, str]]) -> None:
        self.instance_list = [
            replace(one, tags=change(one.tags)) if one.id in ids else one for one in self.instance_list
        ]

    def _becomes(self, ids: Sequence[str], state: str) -> None:
        self.instance_list = [
            replace(one, state=state) if one.id in ids else one for one in self.instance_list
        ]

    def _create(self, disk_id: str, name: str, tags: Mapping[str, str]) -> str | Exception:
        refused = self.answers.pop(disk_id, None)
        with self.one_at_a_time:
            if refused is None or disk_id in self.made_all_the_same:
                self.made_all_the_same.discard(disk_id)
                self._add(disk_id, name, tags)
            return refused or self.snapshot_list[-1].id

    def _add(self, disk_id: str, name: str, tags: Mapping[str, str]) -> None:
        self.snapshot_list.append(
            Snapshot(
                id=f"snap-{len(self.snapshot_list) + 1}",
                region=REGION,
                name=name,
                disk_id=disk_id,
                state="CREATING",
                percent=0,
                created_at=self.clock.now() + timedelta(seconds=self.appears_after_s),
                size_gib=10,
                tags=tags,
            )
        )


@dataclass
class FakeHost:
    """An agent with one plan. `troubles` are raised, one a call, by the call that is named."""

    clock: FakeClock
    log: list[str]
    plan_disks: frozenset[str] = frozenset({"disk-a"})
    label: Label = Label.APPLICATION
    troubles: dict[str, list[HostError]] = field(default_factory=dict)
    breaks: str = ""
    fails: list[str] = field(default_factory=list)
    holding: LeaseRequest | None = None
    released_with: dict[str, str] | None = None
    closed: bool = False
    operations: list[str] = field(default_factory=list)
    problems: tuple[str, ...] = ()
    unusable: Exception | None = None
    on_check: Callable[[], None] | None = None

    def check(self, plan: str, disk_ids: Sequence[str]) -> PlanCheck:
        self._trouble("check")
        if self.on_check is not None:
            self.on_check()
        return PlanCheck(self.plan_disks, self.problems)

    def lease(self, request: LeaseRequest) -> LeaseRecord:
        self.log.append(f"lease {' '.join(request.disk_ids)}")
        self.operations.append(request.operation)
        if isinstance(trouble := self._next("lease"), HostUnreachable):
            self.holding = request  # held, and the answer lost
            raise trouble
        if trouble:
            raise trouble
        if self.unusable:
            self.holding = request
            raise self.unusable
        if self.fails:
            return LeaseRecord(request.lease_id, "FAILED", "broken", self.fails.pop(0))
        self.holding = request
        return LeaseRecord(request.lease_id, "HELD", None, ttl_left_ms=request.ttl_s * 1000)

    def release(self, lease_id: str, answered: Mapping[str, str]) -> LeaseRecord:
        self.log.append("release")
        self._trouble("release")
        request = self.holding
        if request is not None and request.lease_id != lease_id:
            raise HostRefused("unknown-lease", "lease_id", f"{lease_id} is not held here")
        self.holding = None
        self.released_with = dict(answered)
        covers = tuple(Cover(one, self.label, "lock+sync") for one in (request.disk_ids if request else ()))
        if self.breaks:
            return LeaseRecord(lease_id, "BROKEN", "broken", self.breaks, covers, locked_ms=7)
        return LeaseRecord(lease_id, "RELEASED", "whole", covers=covers, locked_ms=7)

    def close(self) -> None:
        self.closed = True

    def _next(self, call: str) -> HostError | None:
        waiting = self.troubles.get(call, [])
        return waiting.pop(0) if waiting else None

    def _trouble(self, call: str) -> None:
        if trouble := self._next(call):
            raise trouble


@dataclass
class FakeHosts:
    """One host for every instance, or another for some."""

    host: FakeHost
    others: dict[str, FakeHost] = field(default_factory=dict)
    transport: Transport = Transport.HTTP

    def on(self, instance: Instance, transport: Transport = Transport.HTTP) -> FakeHost:
        self.transport = transport
        return self.others.get(instance.id, self.host)


@dataclass
class FakeWorkers:
    """Keeps what was handed out."""

    batches: list[Batch] = field(default_factory=list)

    def dispatch(self, batch: Batch) -> str:
        self.batches.append(batch)
        return f"request-{len(self.batches)}"


def lost() -> OutcomeUnknown:
    return OutcomeUnknown("ClientNetworkError", "connection lost")
