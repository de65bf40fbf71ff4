"""What the functions have logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from cbsnap.model.runs import Report
    from cbsnap.upkeep import Tried


@dataclass(frozen=True, slots=True)
class LoggedReport:
    """A run's report as one invocation of a function logged it, and when."""

    at: datetime
    function: str
    request_id: str
    report: Report


@dataclass(frozen=True, slots=True)
class LoggedDrill:
    """What a drill came to, as the function that carried it out logged it, and when."""

    at: datetime
    tried: Tried


class ReportLog(Protocol):
    """What the functions have reported, as far back as the log is kept."""

    def reports(self, since: datetime, until: datetime, run: str | None = None) -> list[LoggedReport]:
        """Return the reports of a time, `until` not included, oldest first; of one run if it is named."""

    def drills(self, since: datetime, until: datetime) -> list[LoggedDrill]:
        """Return what the drills of a time came to, oldest first."""


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call that a function was not allowed: `action` as the API has it, at its last time."""

    at: datetime
    function: str
    action: str
    region: str


class FunctionLog(Protocol):
    """What the functions have logged, as far back as the log is kept."""

    def refused_calls(self, since: datetime) -> list[RefusedCall]:
        """Return the calls that no right allowed, oldest first. Raises CloudError."""

    def last_upkeep(self, since: datetime) -> datetime | None:
        """Return when `maintain` last came to its end. Raises CloudError."""
