"""Reading that goes on where a part cannot be read: what came of each action is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from cbsnap.errors import CloudError
from cbsnap.rules.checkup.facts import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Looking:
    """Reads, and adds to `attempts`."""

    attempts: list[Attempt]

    def at(self, action: str, region: str, read: Callable[[], T]) -> T | None:
        """Return what was read, or None: the reason is with the attempts."""
        try:
            found = read()
        except CloudError as failed:
            self.attempts.append(Attempt(action, region, failed))
            return None
        self.attempts.append(Attempt(action, region))
        return found
