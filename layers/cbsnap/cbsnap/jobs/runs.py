"""Runs, as they can be seen afterwards: from what the functions have reported and from the snapshots.

Without a log there are the snapshots' names alone: then what failed is not known, and a key only by
its digest. What a snapshot is now, its label too, is the cloud's word, not the report's.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from cbsnap.errors import InputError
from cbsnap.model.runs import Decision, Outcome, Run
from cbsnap.rules import names
from cbsnap.rules.ours import label_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cbsnap.model.cloud import Snapshot
    from cbsnap.model.labels import Label
    from cbsnap.model.runs import Proof
    from cbsnap.ports.logs import LoggedReport

_RUN = re.compile(r"([a-z][a-z0-9-]{1,27})@((?:19[7-9]|2[0-9]{2})[0-9]{5}T[0-9]{4}Z)(?:#(.{1,200}))?")
_MADE = {Decision.TAKEN, Decision.ADOPTED}
_FAILED = {Decision.FAILED, Decision.REFUSED, Decision.UNKNOWN}
_OPEN = {Decision.DISPATCHED, Decision.DEFERRED}
Identity = tuple[str, str, str]  # policy, mark, region


@dataclass(frozen=True, slots=True)
class Seen:
    """One run in one region: `outcomes` and `snapshots` by disk, `reported` whether a report is known."""

    run: Run
    region: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    proofs: tuple[Proof, ...] = ()
    reported: bool = False
    error: str = ""

    @property
    def disk_ids(self) -> list[str]:
        """Return all disks that it is about, as far as that can be seen."""
        return sorted({*self.outcomes, *self.snapshots})

    @property
    def taken(self) -> int:
        """Return how many of its disks have their snapshot."""
        had = {disk_id for disk_id, one in self.outcomes.items() if one.snapshot_id}
        return len(had | set(self.snapshots))

    @property
    def failed(self) -> int | None:
        """Return how many disks were refused or failed; None when no report is known."""
        return sum(one.decision in _FAILED for one in self.outcomes.values()) if self.reported else None

    @property
    def labels(self) -> dict[str, int]:
        """Return how many snapshots have each label."""
        return dict(Counter(label.value for one in self.disk_ids if (label := self.label(one))))

    @property
    def locked_ms_max(self) -> float | None:
        """Return the longest time that a host was held."""
        times = [one.locked_ms for one in self.proofs if one.locked_ms is not None]
        return max(times, default=None)

    @property
    def done(self) -> bool:
        """Whether nothing of it is under way any more; a report of no disks says that it had none here."""
        waiting = [one for one in self.outcomes.values() if one.decision in _OPEN]
        settled = all(one.state == "NORMAL" and label_of(one) for one in self.snapshots.values())
        return (
            settled
            and bool(self.reported or self.disk_ids)
            and all(one.disk_id in self.snapshots for one in waiting)
        )

    def label(self, disk_id: str) -> Label | None:
        """Return what a disk's snapshot may be trusted for, as it stands on it if it is there."""
        if disk_id in self.snapshots:
            return label_of(self.snapshots[disk_id])
        return self.outcomes[disk_id].label if disk_id in self.outcomes else None


def parse(text: str) -> Run:
    """Return the run that its text stands for; a digest may stand for its key. Raises InputError."""
    match = _RUN.fullmatch(text)
    try:
        if match:
            due = datetime.strptime(match[2], "%Y%m%dT%H%MZ").replace(tzinfo=timezone.utc)
            return Run(match[1], due, match[3])
    except ValueError:
        pass
    raise InputError("run", "a run looks like orders-db@20261122T0200Z or manual@20261122T0200Z#release-7")


def seen(reports: Iterable[LoggedReport], snapshots: Iterable[Snapshot]) -> list[Seen]:
    """Return the runs that these are about, newest first."""
    found: dict[Identity, Seen] = {}
    for logged in sorted(reports, key=lambda one: one.at):
        _add_report(found, logged)
    for snapshot in snapshots:
        _add_snapshot(found, snapshot)
    return sorted(found.values(), key=lambda one: (one.run.due, str(one.run), one.region), reverse=True)


def is_meant(wanted: Run, one: Run) -> bool:
    """Tell whether a run is the wanted one: by its key, a digest that stands for it, or its due time."""
    marks = {_mark(wanted), wanted.key} if wanted.key else {_mark(wanted)}
    return wanted.policy == one.policy and not marks.isdisjoint({_mark(one), one.key or ""})


def nothing_yet(run: Run, region: str, now: datetime) -> Seen | None:
    """Return what is shown of a run that cannot be seen, while it may still be beginning."""
    return Seen(run, region) if abs(now - run.due) < timedelta(hours=1) else None


def _mark(run: Run) -> str:
    """Return what is the same whatever the time that a key was used at."""
    return f"{run.due:%Y%m%dT%H%M}" if run.key is None else names.digest(run.key)


def _add_report(found: dict[Identity, Seen], logged: LoggedReport) -> None:
    report = logged.report
    try:
        run = parse(report.run)
    except InputError:
        return
    here = run.policy, _mark(run), report.region.partition(" as ")[0]
    before = found.get(here) or Seen(run, here[2])
    outcomes = dict(before.outcomes)
    for one in report.outcomes:
        known = outcomes.get(one.disk_id)
        if known is None or known.decision not in _MADE:
            outcomes[one.disk_id] = one
    found[here] = replace(
        before,
        outcomes=outcomes,
        proofs=(*before.proofs, *report.proofs),
        reported=True,
        error=report.error or before.error,
    )


def _add_snapshot(found: dict[Identity, Seen], snapshot: Snapshot) -> None:
    name = names.parse(snapshot.name)
    if name is None or snapshot.copied:
        return
    run = Run(name.policy, name.due, name.digest)
    here = name.policy, name.digest or _mark(run), snapshot.region
    before = found.get(here) or Seen(run, snapshot.region)
    found[here] = replace(before, snapshots={**before.snapshots, name.disk_id: snapshot})
