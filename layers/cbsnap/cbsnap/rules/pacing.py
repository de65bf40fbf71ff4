"""When each group of a run is handed out, so that the whole keeps to its share of the API's rate.

Nothing is remembered between ticks: a group's turn follows from its place in the run alone, and
what was handed out is handed out again only when its message can no longer be delivered and its
worker must have ended. A tick hands out a little less than its share of the rate suffices for until
the next, so that two ticks' workers do not send side by side what is one share.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cbsnap.model.runs import Group

TICK = timedelta(minutes=5)  # as often as serverless.yml's timer fires
AGAIN = 3  # ticks: one for the message's delivery, two for the worker
CREATES_PER_S = 10.0  # half of the documented 20 (362/15648): the account has other users
FILLED = 0.97  # of a tick: the rest is for starting, for leases and for what is sent a second time
TICK_DISKS = int(TICK.total_seconds() * CREATES_PER_S * FILLED)
START = timedelta(seconds=2)  # for workers to be there when the first of them begins


@dataclass(frozen=True, slots=True)
class Turn:
    """When a group's turn is: `now` to hand it out in this tick, otherwise `at` and `why` it waits.

    `first` is when its first turn was or will be.
    """

    group: Group
    now: bool
    at: datetime
    first: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Stride:
    """A policy's hand-outs: of how many disks each is at most, and how long after each other they come."""

    disks: int = TICK_DISKS
    every: timedelta = TICK


EVERY_TICK = Stride()


def turns(  # noqa: PLR0913, PLR0917 - all that a turn hangs on
    groups: Iterable[Group],
    due: datetime,
    now: datetime,
    ahead: int = 0,
    jitter: timedelta = timedelta(0),
    stride: Stride = EVERY_TICK,
) -> list[Turn]:
    """Return the turn of each group of a run, in the order given.

    `groups` are all of the run, done ones too, so that places do not move from tick to tick.
    `ahead` counts the disks of other policies' runs that come first. `jitter` spreads the starts.
    """
    found = []
    place = -(-ahead * stride.disks * TICK // (TICK_DISKS * stride.every))  # in disks of this stride
    for group in groups:
        offset = stride.every * (place / stride.disks) + jitter * _fraction(f"{due.timestamp()}{group.id}")
        found.append(_turn(group, due + offset // stride.every * stride.every, now))
        place += len(group.disk_ids)
    return found


def by_claim(groups: Iterable[Group], by_id: Mapping[str, Turn], now: datetime) -> list[Group]:
    """Return groups with those first that have been handed out the fewest times.

    So what fails again and again keeps nobody from his first turn; among those that had one, the
    order is another in each tick.
    """

    def claim(group: Group) -> tuple[int, datetime, float]:
        first = by_id[group.id].first
        earlier = max(0, (now - first) // (AGAIN * TICK))
        return earlier, first, _fraction(f"{(now - first) // TICK}{group.id}") if earlier else 0.0

    return sorted(groups, key=claim)


def with_turn(group: Group, other: Turn) -> Turn:
    """Return a group's turn together with another's, to share its lease."""
    return replace(other, group=group)


def after(own: Turn, other: Turn, now: datetime, stride: Stride = EVERY_TICK) -> Turn:
    """Return a turn one tick after another's, which takes the same disk first; longer strides are kept."""
    first = other.first + TICK
    if stride.every > TICK:
        first = own.first + max(0, -((own.first - first) // stride.every)) * stride.every
    return _turn(own.group, first, now)


def stagger_s(place: int, together: float) -> float:
    """Return how long after the first the worker at a place (from 0) begins: those before it come first.

    `together`: how many calls a worker sends at the same moment.
    """
    return place * together / CREATES_PER_S


def _turn(group: Group, first: datetime, now: datetime) -> Turn:
    past = (now - first) // TICK
    if past >= 0 and past % AGAIN == 0:
        return Turn(group, now=True, at=now, first=first)
    ticks_to_come = -past if past < 0 else AGAIN - past % AGAIN
    at = first + (past + ticks_to_come) * TICK
    return Turn(group, now=False, at=at, first=first, why=f"its next turn comes at {at:%H:%M} UTC")


def _fraction(text: str) -> float:
    """Return a number from 0 to 1 that the text alone decides."""
    return int.from_bytes(sha256(text.encode()).digest()[:4], "big") / 2**32
