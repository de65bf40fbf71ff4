"""The cloud as a whole: its accounts, its regions, its clock and what was asked of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localcloud.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.accounts import Account, Credentials, Keyring
    from localcloud.resources import Region

LOGGED_REQUESTS = 10_000


@dataclass(frozen=True)
class Settings:
    """What is chosen at the start. `rate` overrides every documented rate; 0 switches them off."""

    snapshot_seconds: float = 2.0
    rate: int | None = None


@dataclass
class World:
    """Everything that a reset puts back to how it was."""

    keyring: Keyring
    regions: dict[tuple[str, str], Region] = field(default_factory=dict)


@dataclass
class Cloud:
    """The emulated cloud. `found` makes its world anew: at the start and at each reset."""

    found: Callable[[Clock], World]
    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)
    requests: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=LOGGED_REQUESTS))

    def __post_init__(self) -> None:
        """Make the first world."""
        self.world = self.found(self.clock)

    @property
    def keyring(self) -> Keyring:
        """Return the keys of this cloud."""
        return self.world.keyring

    def region(self, account: Account, name: str) -> Region | None:
        """Return what `account` has in the region `name`, or None where there is no such region."""
        return self.world.regions.get((account.uin, name))

    def mint_credentials(
        self, uin: str | None = None, duration_s: float = 7200, role: str = ""
    ) -> Credentials:
        """Make temporary credentials of an account (the first one if not said): id, key, token and end.

        Raises KeyError for an unknown account.
        """
        account = self.keyring.account(uin) if uin else self.keyring.accounts[0]
        if account is None:
            raise KeyError(uin)
        return self.keyring.mint(account, self.clock.now() + duration_s, role)

    def reset(self) -> None:
        """Make the world as it was at the start, and forget what was asked; the clock goes on."""
        self.requests.clear()
        self.world = self.found(self.clock)
