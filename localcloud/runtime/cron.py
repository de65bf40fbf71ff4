"""The timer trigger's seven fields: second, minute, hour, day, month, weekday, year.

They are read in UTC+8 wherever the function is, and a day and a weekday that are both given fire on either
(583/9708). The search for the next time is cronsim's; the year, which it does not know, is ours.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

from cronsim import CronSim, CronSimError

ZONE = timezone(timedelta(hours=8))
YEARS = (1970, 2099)
FIELDS = 7


class CronError(ValueError):
    """The expression is not one; the text says why."""


class Cron:
    """When a timer fires."""

    def __init__(self, expression: str) -> None:
        fields = expression.split()
        if len(fields) != FIELDS:
            raise CronError(
                f"has {len(fields)} fields, and needs 7: second minute hour day month weekday year"
            )
        self.expression = expression
        self._fields = " ".join(fields[:6]).replace("?", "*")
        self._years = _years(fields[6])
        self._known: tuple[float, float | None] = (math.inf, None)
        try:
            CronSim(self._fields, datetime.now(ZONE))
        except CronSimError as error:
            raise CronError(f"cannot be read: {error}") from error

    def next_s(self, after_s: float) -> float | None:
        """Return the first moment after `after_s`, both in seconds since the epoch; None if there is none."""
        since_s, due_s = self._known  # asked many times between two moments, searched once
        if after_s < since_s or (due_s is not None and due_s <= after_s):
            due_s = self._search(datetime.fromtimestamp(after_s, ZONE))
            self._known = after_s, due_s
        return due_s

    def _search(self, after: datetime) -> float | None:
        moment: datetime | None = after
        while moment:
            year = min((each for each in self._years if each >= moment.year), default=None)
            if year is None:
                return None
            if year > moment.year:  # a whole year at a time: a second at a time would take for ever
                moment = datetime(year, 1, 1, tzinfo=ZONE) - timedelta(seconds=1)
            moment = next(CronSim(self._fields, moment), None)
            if moment and moment.year in self._years:
                return moment.timestamp()
        return None


def _years(field: str) -> set[int]:
    years: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{YEARS[0]}-{YEARS[1]}" if span == "*" else span).partition("-")
        try:
            begin, end = int(first), int(last or (YEARS[1] if step else first))
            steps = range(begin, end + 1, int(step or 1))
        except ValueError as error:
            raise CronError(f"has a year that cannot be read: {part}") from error
        if not steps or not YEARS[0] <= steps[0] <= steps[-1] <= YEARS[1]:
            raise CronError(f"has a year outside {YEARS[0]}-{YEARS[1]}")
        years.update(steps)
    return years
