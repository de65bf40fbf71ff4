"""One host with two disks, and a worker: what the tests of the bracket begin with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cbsnap.jobs.take import take_batch
from cbsnap.model.plan import QuotaLimits
from cbsnap.model.policies import Quiesce
from cbsnap.model.runs import Batch, Group, Report, Run

from .fakes import HERE, NOON, FakeClock, FakeCloud, FakeHost, FakeHosts, disk, instance

NAME_A = "orders.20261122T0400Z.a"


class Scene:
    """One instance with two data disks, an agent with one plan, and a worker."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.cloud = FakeCloud(self.clock, [disk("disk-a"), disk("disk-b")], [instance()])
        self.host = FakeHost(self.clock, self.cloud.log)
        self.others: dict[str, FakeHost] = {}
        self.hosts = FakeHosts(self.host, self.others)
        self.batch = Batch(
            Run("orders", NOON),
            HERE,
            "prod",
            (Group("disk-a", ("disk-a",)),),
            not_after=NOON + timedelta(hours=1),
            deliver_by=NOON + timedelta(minutes=5),
            quiesce=Quiesce("mysql"),
            quota=QuotaLimits(region=100),
        )

    def take(self, **changes: object) -> Report:
        (report,) = self.take_all(**changes)
        return report

    def take_all(self, **changes: object) -> list[Report]:
        batch = replace(self.batch, **changes)  # type: ignore[arg-type]
        self.hosts = FakeHosts(self.host, self.others)
        return take_batch(batch, self.cloud, self.hosts, self.clock, budget_s=880)

    def on_two_hosts(self) -> FakeHost:
        """Put disk-b on another instance, in one group with disk-a."""
        self.cloud.disk_list[1] = disk("disk-b", "ins-2")
        self.cloud.instance_list.append(instance("ins-2"))
        self.others["ins-2"] = FakeHost(self.clock, self.cloud.log, frozenset({"disk-b"}))
        self.batch = replace(self.batch, groups=(Group("app=orders", ("disk-a", "disk-b")),))
        return self.others["ins-2"]

    def explode(self) -> None:
        raise RuntimeError("a bug")

    def both(self) -> None:
        self.host.plan_disks = frozenset({"disk-a", "disk-b"})
        self.batch = replace(self.batch, groups=(Group("ins-1", ("disk-a", "disk-b")),))


def fleet(scene: Scene, disks: int) -> tuple[Group, ...]:
    scene.cloud.disk_list = [disk(f"disk-{number:03}") for number in range(disks)]
    return tuple(Group(one.id, (one.id,)) for one in scene.cloud.disk_list)
