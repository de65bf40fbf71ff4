"""When a policy is due: five-field cron in an IANA zone, with daylight saving decided.

A *fixed* schedule (neither minute nor hour starts with `*`) means times on the wall: one that a
change of the clocks skips falls on the first moment after the gap, one that they repeat counts the
first time only. Any other schedule follows elapsed time: it is due whenever the wall shows a
matching time, twice where the wall shows it twice, never where it is not shown.

Expressions are matched on naive wall times only, where every minute exists once; the zone comes in
when a wall time becomes an instant. What is done about a due time is the jobs' business.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cbsnap.model.policies import Policy

_FIELDS = 5
_LONGEST = 400  # characters; an expression that lists every minute and hour stays below
_FIRST, _SECOND = 0, 1  # the two readings of a wall time that is shown twice
_YEAR_2000 = datetime(2000, 1, 1, tzinfo=timezone.utc)


def latest_due(cron: str, zone: str, now: datetime) -> datetime:
    """Return the last due time up to and including `now`, in UTC. Raises InputError as `validate`."""
    tz = _zone(zone)
    start = max(_walls(now, tz)) + timedelta(seconds=1)  # the search begins before its start

    def last(fold: int) -> datetime:
        return _first(_dues(cron, tz, start, fold, reverse=True), lambda due: due <= now)

    return max(last(fold) for fold in _folds(cron))


def next_due(cron: str, zone: str, now: datetime) -> datetime:
    """Return the first due time after `now`, in UTC. Raises InputError as `validate`."""
    tz = _zone(zone)
    start = min(_walls(now, tz))

    def first(fold: int) -> datetime:
        return _first(_dues(cron, tz, start, fold, reverse=False), lambda due: due > now)

    return min(first(fold) for fold in _folds(cron))


def upcoming(cron: str, zone: str, now: datetime, count: int) -> list[datetime]:
    """Return the first so many due times after `now`, in UTC. Raises InputError as `validate`."""
    dues: list[datetime] = []
    while len(dues) < count:
        dues.append(next_due(cron, zone, dues[-1] if dues else now))
    return dues


def last_run(policy: Policy, before: datetime) -> datetime:
    """Return the last due time up to and including `before` that no skipped day took away."""
    due = latest_due(policy.schedule, policy.time_zone, before)
    while not was_due(policy, due):
        due = latest_due(policy.schedule, policy.time_zone, due - timedelta(seconds=1))
    return due


def was_due(policy: Policy, moment: datetime) -> bool:
    """Tell whether a policy was due at this very moment, as its schedule and its days to skip stand now."""
    day = moment.astimezone(_zone(policy.time_zone)).date()
    return day not in policy.skip_dates and latest_due(policy.schedule, policy.time_zone, moment) == moment


def validate(cron: str, zone: str) -> None:
    """Raise InputError (`schedule` or `time_zone`) for what is no cron, never due, or no zone."""
    next_due(cron, zone, _YEAR_2000)


def _is_fixed(cron: str) -> bool:
    return not any(field.startswith("*") for field in cron.split()[:2])


def _folds(cron: str) -> tuple[int, ...]:
    """Return which readings of a repeated wall time count; for each, dues come in order."""
    return (_FIRST,) if _is_fixed(cron) else (_FIRST, _SECOND)


def _walls(now: datetime, tz: ZoneInfo) -> list[datetime]:
    """Return what the wall shows now, once by each offset that this wall time may have."""
    local = now.astimezone(tz)
    offsets = [local.replace(fold=fold).utcoffset() or timedelta(0) for fold in (_FIRST, _SECOND)]
    return [now.astimezone(timezone.utc).replace(tzinfo=None) + offset for offset in offsets]


def _first(dues: Iterator[datetime], fits: Callable[[datetime], bool]) -> datetime:
    for due in dues:
        if fits(due):
            return due
    raise InputError("schedule", "this date never comes: check day-of-month against month")


def _dues(cron: str, tz: ZoneInfo, start: datetime, fold: int, *, reverse: bool) -> Iterator[datetime]:
    """Yield the instants of matching wall times, read as `fold` says, onwards or backwards from start."""
    fixed = _is_fixed(cron)
    for wall in _expression(cron, start, reverse=reverse):
        instant = wall.replace(tzinfo=tz, fold=fold).astimezone(timezone.utc)
        if instant.astimezone(tz).replace(tzinfo=None) == wall:
            yield instant
        elif fixed:
            yield _end_of_gap(wall, tz)


def _end_of_gap(wall: datetime, tz: ZoneInfo) -> datetime:
    """Return the instant at which the clocks skipped this wall time.

    Read with the offset before the change, a skipped time lies after it, and the other way round.
    """
    before, after = (
        wall.replace(tzinfo=tz, fold=fold).astimezone(timezone.utc) for fold in (_SECOND, _FIRST)
    )
    offset = after.astimezone(tz).utcoffset()
    seconds = range(int(before.timestamp()), int(after.timestamp()))

    def changed(second: int) -> bool:
        return datetime.fromtimestamp(second, tz).utcoffset() == offset

    return datetime.fromtimestamp(seconds.start + bisect_left(seconds, x=True, key=changed), timezone.utc)


def _expression(cron: str, start: datetime, *, reverse: bool) -> CronSim:
    if len(cron.split()) != _FIELDS or len(cron) > _LONGEST:
        raise InputError("schedule", f"{cron[:_LONGEST]!r} is not a cron of five fields, such as '0 2 * * *'")
    try:
        return CronSim(cron, start, reverse=reverse)
    except CronSimError as error:
        raise InputError(
            "schedule",
            f"{cron!r}: {str(error).lower()}; minute 0-59, hour 0-23, day-of-month 1-31 (L for the last), "
            "month 1-12, day-of-week 0-7 or SUN-SAT",
        ) from error


def _zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InputError("time_zone", f"{zone!r} is not a time zone; {_nearest_zone(zone)}") from None


def _nearest_zone(zone: str) -> str:
    names = {name.casefold(): name for name in available_timezones()}
    near = difflib.get_close_matches(zone.casefold(), names, n=1)
    return f"did you mean {names[near[0]]}?" if near else "use an IANA name such as Asia/Shanghai"
