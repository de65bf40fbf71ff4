"""A run that was started, followed until each disk has a snapshot that is whole and labelled, or none.

What there is the cloud says; why there is none, the worker that was to take it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cbsnap import wire
from cbsnap.entry import sightings
from cbsnap.entry.cli.following import Part
from cbsnap.errors import InputError
from cbsnap.jobs import runs
from cbsnap.model import Decision
from cbsnap.ports import LoggedReport
from cbsnap.rules.ours import label_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from cbsnap.entry.cli.handover import HandedOver
    from cbsnap.entry.cli.session import Session
    from cbsnap.jobs.runs import Seen
    from cbsnap.model import Label, Report, Snapshot
    from cbsnap.ports import Answered

WELL, LESSER, MISSING = 0, 1, 2  # what the command exits with
AGAIN = timedelta(seconds=10)
SKEW = timedelta(minutes=10)  # that this machine's clock may be ahead
_OPEN = {Decision.DISPATCHED, Decision.DONE, Decision.TAKEN, Decision.ADOPTED, Decision.UNKNOWN}


@dataclass
class Started:
    """Runs that were handed over under one key; `goods` are their least labels, by policy.

    `again` asks for the same under the same key, which takes what had to wait before: another snapshot of
    the disk was being made, or there was more than one hand-out takes. Without it nothing is asked again.
    """

    session: Session
    reports: Sequence[Report]
    goods: dict[str, Label]
    sent: HandedOver
    began: datetime
    again: Callable[[], Sequence[Report]] | None = None
    _told: list[LoggedReport] = field(default_factory=list)

    def look(self) -> list[Seen]:
        """Return how the runs stand now, one entry a run and region. Raises CloudError."""
        for answered in self.sent.answers():
            self._told += self._logged(answered)
        found = self._found()
        now = self.session.wiring.clock.now()
        waits = self.sent.all_over and any(map(_waiting, found))
        if self.again and waits and now - self.began >= AGAIN:
            self.reports, self.began = self.again(), now
            found = self._found()
        return found

    def _found(self) -> list[Seen]:
        logged = [LoggedReport(self.began, "cbsnap", "", one) for one in self.reports]
        wanted = [runs.parse(one.run) for one in self.reports]
        found = runs.seen([*logged, *self._told], self._snapshots())
        return [one for one in found if any(runs.is_meant(run, one.run) for run in wanted)]

    def parts(self, seen: Sequence[Seen]) -> list[Part]:
        """Return a part for each disk; the end of the last one is the end of all."""
        return [
            self._part(one, disk_id)
            for one in sorted(seen, key=lambda one: str(one.run))
            for disk_id in one.disk_ids
        ]

    def rows(self, seen: Sequence[Seen]) -> Iterator[tuple[Seen, dict[str, Any]]]:
        """Yield what became of each disk; one that nothing is known of says where to look."""
        for one in seen:
            for disk in sightings.disks(one):
                silent = not disk["snapshot_id"] and not disk["reason"]
                yield one, {**disk, "reason": self._silence() if silent else disk["reason"]}

    def check(self, seen: Sequence[Seen]) -> int:
        """Return 0: all are whole and as good as wanted; 1: some are lesser; 2: some are missing."""
        found = [self._worth(one, disk_id) for one in seen for disk_id in one.disk_ids]
        return max(found, default=MISSING)

    def is_over(self, seen: Sequence[Seen]) -> bool:
        """Whether nothing more can come of it."""
        return all(one.percent == 100 for one in self.parts(seen))  # noqa: PLR2004 - percent

    def _snapshots(self) -> list[Snapshot]:
        found: dict[str, Snapshot] = {}
        since = min(runs.parse(one.run).due for one in self.reports) - SKEW
        for report in self.reports:
            cloud = self.session.wiring.clouds.at(self.session.target_of(report.region))
            known = [one.snapshot_id for one in report.outcomes if one.snapshot_id]
            there = [*cloud.snapshots_since(since), *(cloud.snapshots(known) if known else ())]
            found.update({one.id: one for one in there})
        return list(found.values())

    def _logged(self, answered: Answered) -> Iterator[LoggedReport]:
        now = self.session.wiring.clock.now()
        for line in answered.returned if isinstance(answered.returned, list) else ():
            try:
                yield LoggedReport(now, "worker", "", wire.report(line))
            except InputError:
                continue  # a newer worker's words: the snapshots tell without them

    def _part(self, one: Seen, disk_id: str) -> Part:
        snapshot, told = one.snapshots.get(disk_id), one.outcomes.get(disk_id)
        if snapshot is not None:
            label = label_of(snapshot)
            percent = 100 if snapshot.state == "NORMAL" and label else min(snapshot.percent, 99)
            words = f"{snapshot.id} {snapshot.state} {label.value if label else 'not labelled yet'}"
            return Part(disk_id, percent, words)
        if self.again and told and told.decision is Decision.DEFERRED:
            return Part(disk_id, None, f"waits: {told.reason}")
        if self.sent.all_over or (told and told.decision not in _OPEN):
            return Part(
                disk_id, 100, f"no snapshot: {told.reason if told and told.reason else self._silence()}"
            )
        return Part(disk_id, None, "handed to a worker")

    def _worth(self, one: Seen, disk_id: str) -> int:
        snapshot, label = one.snapshots.get(disk_id), one.label(disk_id)
        if snapshot is None:
            return MISSING
        good = self.goods[one.run.policy]
        return WELL if snapshot.state == "NORMAL" and label and label.rank >= good.rank else LESSER

    def _silence(self) -> str:
        return "nothing is known of it: see the worker's log"


def _waiting(one: Seen) -> bool:
    """Tell whether a disk of a run has to wait, and has nothing yet."""
    return any(
        told.decision is Decision.DEFERRED and disk_id not in one.snapshots
        for disk_id, told in one.outcomes.items()
    )
