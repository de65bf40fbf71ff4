"""Two simulated years of retention, held every day against a slow model that shares no code with the rules.

The model follows docs/retention.md: it walks back over calendar days, weeks, months and years, and
knows nothing of names, tags or buckets. What the cloud holds is read, deleted and made to expire
through the core's own jobs and the real SDK; taking is done in the cloud's state, to save time.

    python -m tests.upkeep.years --disks 1000 --days 731

says every ten days how far it has come, and ends with an AssertionError at the first difference.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cbsnap.jobs.prune import prune
from cbsnap.model.labels import Label
from cbsnap.model.plan import Plan, Target
from cbsnap.model.policies import Keep, Policy, Selection
from cbsnap.upkeep import Action, Change, Finding

from localcloud.pytest_plugin import make_cloud, staged
from localcloud.resources import Snapshot

from .conftest import HERE, Account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BEGIN = datetime(2024, 12, 19, 19, 0, tzinfo=timezone.utc)  # three in the morning in Shanghai
DAYS = 731
SHANGHAI = timedelta(hours=8)
DAY = timedelta(days=1)
LESSER_FOR = timedelta(days=3)
GRACE = timedelta(days=7)
KEEPS = {
    "hours": Keep(last=2, hourly=3),
    "days": Keep(last=1, daily=5, weekly=2),
    "months": Keep(daily=2, monthly=3, yearly=2),
    "lately": Keep(within=timedelta(days=4)),
}
PLAN = Plan(
    "prod",
    (Target(HERE),),
    tuple(
        Policy(
            name,
            Selection(),
            "0 2 * * *",
            "Asia/Shanghai",
            DAY,
            keep,
            good=Label.APPLICATION,
            fuse_percent=100,
        )
        for name, keep in KEEPS.items()
    ),
)
LOOKING_LIKE_OURS: tuple[tuple[str, dict[str, str]], ...] = (
    ("before the upgrade", {}),
    ("days.20241219T1800Z.{disk}", {"cbsnap:deployment": "staging"}),
    ("days.20241219T1800Z.{disk}", {}),
    ("former.20241219T1800Z.{disk}", {"cbsnap:deployment": "prod"}),
    ("days.20241219T1800Z.{disk}.x", {"cbsnap:deployment": "prod"}),
)


def fleet(disks: int) -> str:
    """Return the fleet file of so many disks."""
    rows = "\n".join(f"      - {{id: disk-{number:04}}}" for number in range(disks))
    return f"regions:\n  {HERE}:\n    disks:\n{rows}\n"


@dataclass
class Taken:
    """One snapshot as the model knows it."""

    id: str
    due: datetime
    good: bool
    held: bool = False
    broken: bool = False
    ends: datetime | None = None

    @property
    def day(self) -> date:
        """Return the day on Shanghai's calendar."""
        return (self.due + SHANGHAI).date()


@dataclass
class Model:
    """What should be there, by disk; `stays` says it the slow way."""

    disks: dict[str, list[Taken]] = field(default_factory=dict)

    def settle(self, now: datetime) -> None:
        """Let the cloud delete what has come to its end."""
        for disk_id, taken in self.disks.items():
            self.disks[disk_id] = [one for one in taken if one.ends is None or one.ends > now]

    def look_after(self, now: datetime) -> None:
        """Let a pass of `maintain` happen."""
        for disk_id, taken in self.disks.items():
            keep = KEEPS[policy_of(disk_id)]
            newest_first = sorted(taken, key=lambda one: one.due, reverse=True)
            kept = stays(newest_first, keep, now)
            self.disks[disk_id] = [one for one in newest_first if one.id in kept]
            end(self.disks[disk_id], now)


def end(newest_first: Iterable[Taken], now: datetime) -> None:
    """Give lesser ones behind a good one an end, and take it from all others."""
    behind = False
    for one in newest_first:
        if one.good or one.held or not behind:
            one.ends = None
        elif one.ends is None:
            one.ends = max(one.due + LESSER_FOR, now) + GRACE
        behind = behind or one.good


def stays(newest_first: list[Taken], keep: Keep, now: datetime) -> set[str]:
    """Return the ids that stay, by going through the rules one by one."""
    good = [one for one in newest_first if one.good]
    kept = {one.id for one in good[: max(1, keep.last)]}
    kept |= {one.id for one in newest_first[:1]}
    kept |= {one.id for one in [one for one in newest_first if not one.broken][:1] if not good}
    kept |= {one.id for one in newest_first if one.held}
    kept |= {one.id for one in newest_first if not one.good and one.due > now - LESSER_FOR}
    kept |= {one.id for one in good if one.due > now - keep.within}
    kept |= newest_in(good, keep.hourly, hours)
    kept |= newest_in(good, keep.daily, lambda good: by_calendar(good, lambda day: day))
    kept |= newest_in(good, keep.weekly, lambda good: by_calendar(good, lambda day: day.isocalendar()[:2]))
    kept |= newest_in(good, keep.monthly, lambda good: by_calendar(good, lambda day: (day.year, day.month)))
    kept |= newest_in(good, keep.yearly, lambda good: by_calendar(good, lambda day: day.year))
    return kept


def newest_in(
    good: list[Taken], count: int, spans: Callable[[list[Taken]], Iterator[list[Taken]]]
) -> set[str]:
    """Return the newest of each of the latest `count` spans that hold anything."""
    filled = [span for span in spans(good) if span] if count and good else []
    return {max(span, key=lambda one: one.due).id for span in filled[:count]}


def hours(good: list[Taken]) -> Iterator[list[Taken]]:
    """Yield what lies in each hour, from the newest backwards."""
    starts = sorted({one.due.replace(minute=0) for one in good}, reverse=True)
    for start in starts:
        yield [one for one in good if start <= one.due < start + timedelta(hours=1)]


def by_calendar(good: list[Taken], span: Callable[[date], object]) -> Iterator[list[Taken]]:
    """Yield what lies in each span of the calendar, walking back day by day."""
    day, last = good[0].day, good[-1].day
    of_day: dict[date, list[Taken]] = {}
    for one in good:
        of_day.setdefault(one.day, []).append(one)
    current: list[Taken] = []
    while day >= last:
        current += of_day.get(day, [])
        if span(day - DAY) != span(day):
            yield current
            current = []
        day -= DAY
    yield current


def policy_of(disk_id: str) -> str:
    """Return a disk's policy."""
    return list(KEEPS)[int(disk_id[-4:]) % len(KEEPS)]


@dataclass
class Years:
    """The simulation: an account, its model and what happens to both."""

    account: Account
    chance: Random
    model: Model = field(default_factory=Model)
    foreign: set[str] = field(default_factory=set)
    deleted: int = 0
    expired: int = 0

    def begin(self) -> None:
        """Set the clock, and put snapshots of others beside ours."""
        self.account.local.cloud.clock.set(BEGIN.timestamp(), 0)
        for place, disk_id in enumerate(self.account.held().disks):
            self.model.disks[disk_id] = []
            name, tags = LOOKING_LIKE_OURS[place % len(LOOKING_LIKE_OURS)]
            name = name.format(disk=disk_id.removeprefix("disk-"))
            self.foreign.add(self._add(disk_id, BEGIN, name, dict(tags)))

    def day(self, number: int) -> None:
        """Let one day pass: snapshots are taken, people interfere, and most days a pass is made."""
        now = BEGIN + number * DAY
        before = self.there
        self.account.local.cloud.clock.set(now.timestamp(), 0)
        self.account.local.cloud.settle()
        self.expired += before - self.there
        self.model.settle(now)
        for disk_id in self.model.disks:
            self._take(disk_id, now)
        self._interfere()
        if not 200 <= number < 225:  # nothing of ours runs for a while
            self._look_after(now)
        self.compare(number)

    def _look_after(self, now: datetime) -> None:
        notes = list(prune(PLAN, self.account.inventory(), self.account.lifecycles.at(Target(HERE)), now))
        assert not [note for note in notes if isinstance(note, Finding)], notes[:3]
        self.deleted += sum(isinstance(note, Change) and note.action is Action.DELETED for note in notes)
        self.model.look_after(now)

    def compare(self, number: int) -> None:
        """Hold what the cloud has against the model, disk by disk."""
        there: dict[str, set[str]] = {disk_id: set() for disk_id in self.model.disks}
        for one in self.account.held().snapshots.values():
            there[one.disk_id].add(one.id)
        for disk_id, taken in self.model.disks.items():
            expected = {one.id for one in taken}
            found = there[disk_id] - self.foreign
            assert found == expected, (number, disk_id, found ^ expected)
        assert self.foreign <= self._ids()

    @property
    def there(self) -> int:
        """How many snapshots the cloud holds."""
        return len(self._ids())

    def _ids(self) -> set[str]:
        return set(self.account.held().snapshots)

    def _take(self, disk_id: str, now: datetime) -> None:
        every = timedelta(hours=6) if policy_of(disk_id) == "hours" else DAY
        due = now - timedelta(hours=1)
        while due > now - DAY:
            label = self.chance.choices(["application", "crash", ""], [16, 3, 1])[0]
            if self.chance.random() < 0.97:
                self._taken(disk_id, due, label, held=self.chance.random() < 0.0005)
            due -= every

    def _taken(self, disk_id: str, due: datetime, label: str, *, held: bool) -> None:
        policy = policy_of(disk_id)
        tags = {"cbsnap:deployment": "prod", "cbsnap:policy": policy}
        tags |= {"cbsnap:label": label} if label else {}
        tags |= {"cbsnap:hold": "the audit"} if held else {}
        name = f"{policy}.{due:%Y%m%dT%H%MZ}.{disk_id.removeprefix('disk-')}"
        made = self._add(disk_id, due, name, tags)
        self.model.disks[disk_id].append(Taken(made, due, label == "application", held))

    def _interfere(self) -> None:
        """Delete one of ours now and then, as a person would; find some broken, as a drill does."""
        disk_id = self.chance.choice(list(self.model.disks))
        if self.model.disks[disk_id] and self.chance.random() < 0.3:
            gone = self.chance.choice(self.model.disks[disk_id])
            self.model.disks[disk_id].remove(gone)
            self.account.held().drop_snapshot(gone.id)
        for taken in filter(None, self.model.disks.values()):
            if self.chance.random() < 0.02:
                newest = max(taken, key=lambda one: (one.good, one.due))
                newest.good, newest.broken = False, True
                self.account.held().snapshots[newest.id].tags["cbsnap:drill"] = "failed"

    def _add(self, disk_id: str, due: datetime, name: str, tags: dict[str, str]) -> str:
        region = self.account.held()
        disk = region.disks[disk_id]
        made = Snapshot(
            id=self.account.local.cloud.new_id("snap"),
            disk_id=disk_id,
            zone=disk.zone,
            created_s=due.timestamp() + 9,
            size_gib=disk.size_gib,
            name=name,
            state="NORMAL",
            tags=tags,
        )
        region.add_snapshot(made)
        return made.id


def main() -> None:
    """Run as many days on as many disks as is asked."""
    asked = argparse.ArgumentParser(description="two years of retention against a slow model")
    asked.add_argument("--disks", type=int, default=1000)
    asked.add_argument("--days", type=int, default=DAYS)
    asked.add_argument("--seed", type=int, default=7)
    chosen = asked.parse_args()
    with TemporaryDirectory() as folder, staged() as stage:
        file = Path(folder) / "fleet.yml"
        file.write_text(fleet(chosen.disks), encoding="utf-8")
        with stage.showing(make_cloud(file, Path(folder) / "copies")) as served:
            _run(Years(Account(served), Random(chosen.seed)), chosen.days)  # noqa: S311 - can be repeated


def _run(years: Years, days: int) -> None:
    started = time.monotonic()
    years.begin()
    for number in range(days):
        years.day(number)
        if (number + 1) % 10 == 0 or number + 1 == days:
            spent = f"{time.monotonic() - started:.0f} s"
            print(  # noqa: T201 - a program for the terminal
                f"{number + 1} days of {len(years.model.disks)} disks as the model says, {spent}: "
                f"{years.there} there, {years.deleted} deleted, {years.expired} expired",
                flush=True,
            )


if __name__ == "__main__":
    main()
