"""The jobs after a snapshot, through the real SDK, against a local cloud whose clock is moved by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING

import pytest
from cbsnap.jobs.inventory import Inventory
from cbsnap.jobs.trying import Bench
from cbsnap.model.plan import Target
from cbsnap.tencent.api import Api
from cbsnap.tencent.commands import RegionCommands
from cbsnap.tencent.credentials import EnvironmentCredentials
from cbsnap.tencent.lifecycle import RegionLifecycles
from cbsnap.tencent.region import Regions
from cbsnap.tencent.scratch import RegionScratch

from localcloud.pytest_plugin import localcloud, localcloud_stage, pytest_configure

if TYPE_CHECKING:
    from datetime import timedelta

    from localcloud.pytest_plugin import LocalCloud
    from localcloud.resources import Region as Held

__all__ = ["localcloud", "localcloud_stage", "pytest_configure"]

HERE = "ap-guangzhou"
DEPLOYMENT = "prod"


@dataclass
class Account:
    """One account of the local cloud: the core's adapters to it, and what it really holds."""

    local: LocalCloud
    tags: dict[str, str] = field(default_factory=lambda: {"cbsnap:deployment": DEPLOYMENT})

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.local.cloud.clock.now(), timezone.utc)

    def monotonic(self) -> float:
        return self.local.cloud.clock.now()

    def sleep(self, seconds: float) -> None:
        self.local.cloud.clock.advance(seconds)

    def advance(self, by: timedelta) -> None:
        self.local.cloud.clock.advance(by.total_seconds())
        self.local.cloud.settle()

    @cached_property
    def regions(self) -> Regions:
        return Regions(self.api)

    @cached_property
    def lifecycles(self) -> RegionLifecycles:
        return RegionLifecycles(self.api)

    def inventory(self, region: str = HERE) -> Inventory:
        return Inventory(self.regions.at(Target(region)), DEPLOYMENT)

    def held(self, region: str = HERE) -> Held:
        """Return what the cloud itself keeps of a region."""
        found = self.local.cloud.region(self.local.cloud.keyring.accounts[0], region)
        assert found is not None
        return found

    def take(
        self,
        disk_id: str = "disk-a",
        label: str = "application",
        due: datetime | None = None,
        policy: str = "orders",
    ) -> str:
        """Take a snapshot of a policy, due now unless it is said, and let it finish."""
        name = f"{policy}.{due or self.now():%Y%m%dT%H%MZ}.{disk_id.removeprefix('disk-')}"
        tags = {**self.tags, "cbsnap:policy": policy, "cbsnap:label": label}
        made = self.regions.at(Target(HERE)).create_snapshots({disk_id: name}, tags, 10)[disk_id]
        assert isinstance(made, str), made
        self.sleep(60)
        return made

    def bench(self, target: Target, until_s: float) -> Bench:
        """Return what drills work with."""
        api = self.api(target)
        return Bench(RegionScratch(api), RegionCommands(api), self, until_s)

    def api(self, target: Target) -> Api:
        return Api(target.region, self.credentials, self, self.local.url)

    @property
    def credentials(self) -> EnvironmentCredentials:
        return EnvironmentCredentials(
            {
                "TENCENTCLOUD_SECRETID": self.local.secret_id,
                "TENCENTCLOUD_SECRETKEY": self.local.secret_key,
            }
        )


@pytest.fixture
def account(localcloud: LocalCloud) -> Account:
    return Account(localcloud)
