"""A region with snapshots that tests look after, and hosts' journals, with state."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, HostUnreachable, NotificationFailed
from cbsnap.jobs.inventory import Inventory
from cbsnap.model.cloud import Snapshot
from cbsnap.model.labels import Label
from cbsnap.model.plan import Plan, Target
from cbsnap.model.policies import Grouping, Keep, Policy, Quiesce, Selection
from cbsnap.ports.hosts import Cover, LeaseRecord

from .fakes import NOON, REGION, FakeClock, FakeCloud, disk, instance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cbsnap.model.cloud import Disk, Instance
    from cbsnap.model.policies import Transport

OURS = {"cbsnap:deployment": "prod", "cbsnap:policy": "orders"}
DUE = NOON - timedelta(hours=2)


def policy(name: str = "orders", **changes: object) -> Policy:
    """Return a policy over disks named disk-…, every two hours, held by a plan."""
    made = Policy(
        name,
        Selection(),
        schedule="0 */2 * * *",
        time_zone="UTC",
        window=timedelta(minutes=30),
        keep=Keep(last=2),
        quiesce=Quiesce("mysql"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def plan(*policies: Policy) -> Plan:
    return Plan("prod", (Target(REGION),), policies or (policy(),))


def shot(
    snapshot_id: str = "snap-1",
    disk_id: str = "disk-a",
    due: datetime = DUE,
    label: Label | None = None,
    **changes: object,
) -> Snapshot:
    """Return a finished snapshot of policy `orders`, tagged as ours."""
    made = Snapshot(
        id=snapshot_id,
        region=REGION,
        name=f"orders.{due:%Y%m%dT%H%MZ}.{disk_id.removeprefix('disk-')}",
        disk_id=disk_id,
        state="NORMAL",
        percent=100,
        created_at=due,
        size_gib=10,
        tags=OURS if label is None else {**OURS, "cbsnap:label": label.value},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class Shelf(FakeCloud):
    """A region whose tags are kept on the snapshots; `refused` answers to writing tags."""

    refused: CloudError | None = None

    def tag_snapshots(self, snapshot_ids: Sequence[str], key: str, value: str) -> None:
        if self.refused:
            raise self.refused
        self.log.append(f"tag {key}={value} {' '.join(snapshot_ids)}")
        self.snapshot_list = [
            replace(one, tags={**one.tags, key: value}) if one.id in snapshot_ids else one
            for one in self.snapshot_list
        ]

    def tags(self, snapshot_id: str) -> dict[str, str]:
        (one,) = [one for one in self.snapshot_list if one.id == snapshot_id]
        return dict(one.tags)

    def label(self, snapshot_id: str) -> str | None:
        return self.tags(snapshot_id).get("cbsnap:label")


def shelf(snapshots: Iterable[Snapshot], disks: Iterable[Disk] = ()) -> Shelf:
    """Return a region with these snapshots; without disks, disk-a on ins-1, which runs."""
    return Shelf(
        FakeClock(),
        disk_list=list(disks) or [disk("disk-a")],
        instance_list=[instance()],
        snapshot_list=list(snapshots),
    )


def inventory(cloud: Shelf) -> Inventory:
    return Inventory(cloud, "prod")


def record(**changes: object) -> LeaseRecord:
    """Return a whole lease over disk-a whose release carried snap-1."""
    whole = LeaseRecord(
        "0" * 32,
        "RELEASED",
        "whole",
        covers=(Cover("disk-a", Label.APPLICATION),),
        answered={"disk-a": "snap-1"},
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


@dataclass
class FakeJournal:
    """One host's journal; `silent` does not answer."""

    records: list[LeaseRecord] = field(default_factory=list)
    silent: bool = False
    closed: int = 0
    asked: list[str] = field(default_factory=list)

    def of_snapshot(self, snapshot_id: str) -> list[LeaseRecord]:
        self.asked.append(snapshot_id)
        if self.silent:
            raise HostUnreachable("no answer")
        return [one for one in self.records if snapshot_id in one.answered.values()]

    def close(self) -> None:
        self.closed += 1

    def on(self, instance: Instance, transport: Transport) -> FakeJournal:
        del instance, transport
        return self


@dataclass
class FakeJournals:
    """The journals of several hosts, by instance."""

    journals: dict[str, FakeJournal]
    transports: list[Transport] = field(default_factory=list)

    def on(self, instance: Instance, transport: Transport) -> FakeJournal:
        self.transports.append(transport)
        return self.journals[instance.id]


@dataclass
class FakeSettlers:
    """Keeps which targets' workers were asked to settle."""

    asked: list[Target] = field(default_factory=list)

    def settle(self, target: Target) -> str:
        self.asked.append(target)
        return "request"


@dataclass
class FakeNotifier:
    """Keeps what was sent; `deaf` takes nothing."""

    sent: list[tuple[str, str, str]] = field(default_factory=list)
    beats: list[str] = field(default_factory=list)
    deaf: bool = False

    def send(self, url: str, title: str, body: str) -> None:
        if self.deaf:
            raise NotificationFailed("no answer")
        self.sent.append((url, title, body))

    def beat(self, url: str) -> None:
        if self.deaf:
            raise NotificationFailed("no answer")
        self.beats.append(url)


@dataclass
class FakeMemory:
    """Remembers."""

    told: dict[str, dict[str, str]] = field(default_factory=dict)

    def recall(self, address: str) -> dict[str, str] | None:
        return self.told.get(address)

    def remember(self, address: str, told: dict[str, str]) -> None:
        self.told[address] = told


TOGETHER = Grouping.INSTANCE
