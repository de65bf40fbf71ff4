"""The fleet file: which accounts, regions, instances, disks and snapshots there are at the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.accounts import Account, Keyring
from localcloud.cloud import World
from localcloud.resources import Region

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.clock import Clock


def load(path: Path | None, clock: Clock) -> World:  # noqa: ARG001
    """Make the world that the file describes."""
    account = Account()
    return World(Keyring([account]), {(account.uin, "ap-guangzhou"): Region("ap-guangzhou")})
