"""The way into the cloud, before anything is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Silence(Enum):
    """Why the API's address gave no answer."""

    NAME = "its name is not known"
    REFUSED = "nothing listens there"
    CERTIFICATE = "its certificate is not trusted"
    SILENT = "no answer in time"
    BROKEN = "the connection broke"


@dataclass(frozen=True, slots=True)
class Contact:
    """One greeting of the API, unsigned.

    `ahead_s` is how far our clock is ahead of its, within `give_s` either way; None when it did not say.
    """

    address: str
    silence: Silence | None = None
    detail: str = ""
    ahead_s: float | None = None
    give_s: float = 0.0


class Door(Protocol):
    """The way into the cloud, before anything is asked of it."""

    def greet(self) -> Contact:
        """Greet the API without keys."""

    def caller(self) -> str:
        """Return who our keys are (its resource name). Raises CloudError."""

    def regions(self) -> list[str]:
        """Return the regions that the account can use. Raises CloudError."""
