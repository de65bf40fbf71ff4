"""The command against a local cloud with a disk of a policy, one of none, and a region that is copied to."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from .terminal import Keyboard, Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.upkeep.conftest import Account

FLEET = """
regions:
  ap-guangzhou:
    instances: [{id: ins-db}, {id: ins-scratch}]
    disks: [{id: disk-a, name: orders, instance: ins-db}, {id: disk-b}]
  ap-singapore: {}
"""
POLICIES = """
deployment: prod
time_zone: UTC
targets: [{region: ap-guangzhou}]
policies:
  orders:
    select: {disks: [disk-a]}
    schedule: "0 * * * *"
    keep: {last: 1}
    good: application
    coverage: 2h
    copy: [{region: ap-singapore}]
    drill: {instance: ins-scratch, schedule: "0 5 * * 0"}
"""
HOUR = timedelta(hours=1)


@dataclass
class Command(Terminal):
    """The command, and the account that it works on."""

    account: Account

    def taken(
        self,
        hours_ago: float,
        label: str = "application",
        disk_id: str = "disk-a",
        policy: str = "orders",
    ) -> str:
        """Take a snapshot that was due some hours before this machine's now."""
        now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
        return self.account.take(disk_id, label, now - hours_ago * HOUR, policy)

    def left(self) -> list[str]:
        return sorted(self.account.held().snapshots)

    def sent(self, action: str) -> int:
        """Return how many calls of an action the cloud has had."""
        return sum(one.get("action") == action for one in list(self.account.local.cloud.requests))


@pytest.fixture
def command(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    policies = tmp_path / "policies.yml"
    policies.write_text(POLICIES)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody sits there
    return Command(account.local.url, policies, capsys, {}, account)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    """Return a keyboard at which a person sits: its `text` is what is typed."""
    keyboard = Keyboard()
    monkeypatch.setattr("sys.stdin", keyboard)
    return keyboard
