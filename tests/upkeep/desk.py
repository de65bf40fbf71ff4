"""A person who restores, through the same calls as the HTTP API, and the function that carries it out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cbsnap import wire
from cbsnap.jobs.carrying import Means, carry
from cbsnap.jobs.restore import Agreed, propose, start, status
from cbsnap.model.plan import Plan, QuotaLimits, Target
from cbsnap.restoration import RestoreOrder
from cbsnap.tencent.api import READ_TIMEOUT_S, Api
from cbsnap.tencent.lifecycle import RegionLifecycle
from cbsnap.tencent.region import Region
from cbsnap.tencent.restoring import RegionRestorer

from .conftest import DEPLOYMENT, HERE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cbsnap.jobs.restore import Asked
    from cbsnap.restoration import Progress
    from cbsnap.rules.restoring import Proposal

    from .conftest import Account

BUDGET_S = 880.0
PLAN = Plan(DEPLOYMENT, (Target(HERE),), ())


class Died(BaseException):
    """The function's instance is gone: nothing of ours catches it."""


class MortalApi(Api):
    """Dies when its `at`-th call has had its effect, before the next one; with 0 at none."""

    def __init__(self, account: Account, at: int = 0) -> None:
        super().__init__(HERE, account.credentials, account, account.local.url)
        self.calls = 0
        self._at = at

    def call(
        self, service: str, action: str, params: Mapping[str, Any], timeout_s: float = READ_TIMEOUT_S
    ) -> dict[str, Any]:
        self.calls += 1
        answer = super().call(service, action, params, timeout_s)
        if self.calls == self._at:
            raise Died
        return answer


@dataclass
class Desk:
    """What has been handed over waits in `orders`, as text, as it travels."""

    account: Account
    orders: list[str] = field(default_factory=list)

    def hand_over(self, order: RestoreOrder) -> str:
        self.orders.append(wire.errand_text(order))
        return "a request"

    def propose(self, asked: Asked) -> Proposal:
        return propose(asked, self.account.inventory(), QuotaLimits())

    def agree(
        self, asked: Asked, key: str = "k", *, typed: str | None = None, confirm: str | None = None
    ) -> Progress:
        """Start what is asked for, as shown a moment before, with the right id typed."""
        if confirm is None:
            shown = self.propose(asked)
            confirm, typed = shown.confirm, typed if typed is not None else shown.disk_id
        here, target = self.account.inventory(), Target(HERE)
        return start(asked, Agreed(key, confirm, typed or ""), PLAN, target, here, self, self.account)

    def deliver(self, text: str, api: Api | None = None, budget_s: float = BUDGET_S) -> Progress:
        """Deliver a message once, to an invocation of its own."""
        return carry(self.order(text), self.means(api), self, budget_s)

    def work_off(self) -> Progress:
        """Deliver all that waits, and what is handed over meanwhile; return what the last came to."""
        progress = self.deliver(self.orders.pop(0))
        while self.orders:
            progress = self.deliver(self.orders.pop(0))
        return progress

    def restore(self, asked: Asked, key: str = "k") -> Progress:
        """Start what is asked for and let it be carried out."""
        self.agree(asked, key)
        return self.work_off()

    def status(self, key: str = "k") -> Progress:
        return status(key, self.account.inventory(), self.account.now())

    def order(self, text: str) -> RestoreOrder:
        order = wire.errand(json.loads(text))
        assert isinstance(order, RestoreOrder)
        return order

    def means(self, api: Api | None = None) -> Means:
        """Return what an invocation works with; nothing of an earlier one is kept."""
        api = api or self.account.api(Target(HERE))
        return Means(DEPLOYMENT, Region(api), RegionRestorer(api), RegionLifecycle(api), self.account)

    def sent(self, action: str) -> int:
        """Return how many calls of an action the cloud has had."""
        return sum(one.get("action") == action for one in list(self.account.local.cloud.requests))

    def with_bytes(self, folder: Path, disk_id: str, text: str) -> Path:
        """Give a disk a content."""
        content = folder / disk_id
        content.write_text(text)
        self.account.held().disks[disk_id].content = str(content)
        return content

    def slow(self, seconds: float) -> None:
        """Let snapshots and rollbacks take that long from now on."""
        cloud = self.account.local.cloud
        cloud.settings = replace(cloud.settings, snapshot_seconds=seconds)

    def later(self, hours: float) -> None:
        self.account.advance(timedelta(hours=hours))
