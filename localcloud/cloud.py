"""The cloud as a whole: its accounts, its regions, its clock and what was asked of it."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from string import ascii_lowercase, digits
from typing import TYPE_CHECKING, Any, TypeVar, cast

from localcloud import transitions
from localcloud.agenda import Agenda
from localcloud.clock import Clock
from localcloud.devices import Devices
from localcloud.errands import Errands
from localcloud.faults import Faults
from localcloud.rates import Rates
from localcloud.tagging import TagBook

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from localcloud.accounts import Account, Credentials, Keyring
    from localcloud.contents import Contents
    from localcloud.resources import Region

LOGGED_REQUESTS = 10_000
KEPT_LISTS = 8
Row = TypeVar("Row")


@dataclass(frozen=True)
class Settings:
    """What is chosen at the start. `rate` overrides every documented rate; 0 switches them off.

    With `devices`, a disk that is attached becomes a block device of this machine, until it is detached.
    """

    snapshot_seconds: float = 2.0
    operation_seconds: float = 1.0
    rate: int | None = None
    devices: bool = False


@dataclass
class World:
    """Everything that a reset puts back to how it was: `regions` by account number and name."""

    keyring: Keyring
    regions: dict[tuple[str, str], Region] = field(default_factory=dict)
    agenda: Agenda = field(default_factory=Agenda)
    tags: dict[str, TagBook] = field(default_factory=dict)

    def tags_of(self, uin: str) -> TagBook:
        """Return the tags that an account has."""
        return self.tags.setdefault(uin, TagBook())


@dataclass
class Cloud:
    """The emulated cloud. `found` makes its world anew: at the start and at each reset.

    `changes` counts what may have changed the world, so that long lists need not be made for each page.
    """

    found: Callable[[Clock], World]
    contents: Contents
    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)
    rates: Rates = field(default_factory=Rates)
    requests: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=LOGGED_REQUESTS))
    chance: random.Random = field(default_factory=random.Random)
    faults: Faults = field(init=False)
    devices: Devices = field(default_factory=Devices)
    errands: Errands = field(default_factory=Errands)
    changes: int = 0
    _made: dict[Hashable, tuple[int, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the first world."""
        self.faults = Faults(self.chance)
        self.world = self.found(self.clock)

    @property
    def keyring(self) -> Keyring:
        """Return the keys of this cloud."""
        return self.world.keyring

    def settle(self) -> float:
        """Let everything happen that is due, and return the cloud's time."""
        now_s = self.clock.now()
        for entry in self.world.agenda.due(now_s):
            transitions.run(self, entry)
            self.changes += 1
        return now_s

    def kept(self, key: Hashable, make: Callable[[], Row]) -> Row:
        """Return what `make` made for `key`, made anew when anything has changed."""
        changes, row = self._made.pop(key, (-1, None))
        row = row if changes == self.changes else make()
        self._made[key] = (self.changes, row)
        if len(self._made) > KEPT_LISTS:
            del self._made[next(iter(self._made))]
        return cast("Row", row)

    def region(self, account: Account, name: str) -> Region | None:
        """Return what `account` has in the region `name`, or None where there is no such region."""
        return self.world.regions.get((account.uin, name))

    def new_id(self, prefix: str) -> str:
        """Make an id in the cloud's form: `snap-` and eight letters or digits."""
        return f"{prefix}-" + "".join(self.chance.choices(ascii_lowercase + digits, k=8))

    def mint_credentials(
        self, uin: str | None = None, duration_s: float = 7200, role: str = "", asked_by: str = ""
    ) -> Credentials:
        """Make temporary credentials of an account (the first one if not said): id, key, token and end.

        Raises KeyError for an unknown account.
        """
        account = self.keyring.account(uin) if uin else self.keyring.accounts[0]
        if account is None:
            raise KeyError(uin)
        now_s = self.clock.now()
        return self.keyring.mint(account, now_s, now_s + duration_s, role, asked_by)

    def settle_in(self, after_s: float) -> None:
        """Let what is due be done `after_s` of the cloud's seconds from now, even if nobody looks."""
        if self.clock.speed:
            asyncio.get_running_loop().call_later(after_s / self.clock.speed, self.settle)

    def reset(self) -> None:
        """Make the world as it was at the start; forget what was asked and the faults; the clock goes on.

        Raises RecordError where the fleet cannot be read any more; then everything stays as it was.
        """
        left, self.world = self.world, self.found(self.clock)
        self.requests.clear()
        self.faults.drop()
        self.changes += 1
        for where, region in left.regions.items():
            for snapshot in region.snapshots.values():
                self.contents.drop(snapshot.copy)
            again = self.world.regions.get(where)
            for disk in region.disks.values():
                if again is None or disk.id not in again.disks:
                    self.contents.drop_own(disk.content)
