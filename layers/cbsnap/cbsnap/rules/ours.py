"""Which snapshots are ours: our deployment's tag *and* a name that parses.

What may be deleted or counted is only ever asked of these, so that a foreign snapshot cannot get
there. Snapshots with the name alone are to be adopted or reported, which is the jobs' business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.model.labels import Label
from cbsnap.rules.drillreports import Verdict
from cbsnap.rules.names import parse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cbsnap.model.cloud import Snapshot
    from cbsnap.model.policies import Policy
    from cbsnap.rules.names import SnapshotName

DEPLOYMENT_TAG = "cbsnap:deployment"
POLICY_TAG = "cbsnap:policy"
LABEL_TAG = "cbsnap:label"
LOST_TAG = "cbsnap:lost"  # how a lease ended that did not last: expired, broken, …
DRILL_TAG = "cbsnap:drill"
TITLE_TAG = "cbsnap:title"  # what a person called it

_LABELS = {label.value: label for label in Label}
_VERDICTS = {verdict.value: verdict for verdict in Verdict}


@dataclass(frozen=True, slots=True)
class Ours:
    """A snapshot of ours with what name and tags say; `label` is None while it is unproven."""

    snapshot: Snapshot
    name: SnapshotName
    label: Label | None

    @property
    def line(self) -> tuple[str, str, str]:
        """Region, disk and policy: what retention and coverage look at together, copies by their source."""
        return self.snapshot.region, self.name.disk_id, self.name.policy

    @property
    def age_rank(self) -> tuple[datetime, datetime, str]:
        """Sort key: by the time it was due, which a copy has from its source."""
        return self.name.due, self.snapshot.created_at, self.snapshot.id

    @property
    def verdict(self) -> Verdict | None:
        """What a drill found, as it is written on it; an unknown word is none."""
        return _VERDICTS.get(self.snapshot.tags.get(DRILL_TAG, ""))

    @property
    def broken(self) -> bool:
        """Whether a drill has found it broken."""
        return self.verdict is Verdict.FAILED

    def proved(self, least: Label) -> bool:
        """Tell whether it is whole and was proved at least so far, whatever a drill has found."""
        return self.snapshot.state == "NORMAL" and self.label is not None and self.label.rank >= least.rank

    def good(self, least: Label) -> bool:
        """Tell whether it was proved at least so far, and no drill has found it broken."""
        return self.proved(least) and not self.broken


def ours(snapshots: Iterable[Snapshot], deployment: str) -> list[Ours]:
    """Return those that are this deployment's, in the order given."""
    return [
        Ours(snapshot, name, label_of(snapshot))
        for snapshot in snapshots
        if snapshot.tags.get(DEPLOYMENT_TAG) == deployment and (name := parse(snapshot.name))
    ]


def newest_good(mine: Iterable[Ours], policy: Policy) -> list[Ours]:
    """Return the newest good one of each of a policy's disks, copies from elsewhere left out."""
    newest: dict[str, Ours] = {}
    for one in sorted(mine, key=lambda one: one.age_rank):
        if one.name.policy == policy.name and one.good(policy.good) and not one.snapshot.copied:
            newest[one.name.disk_id] = one
    return list(newest.values())


def label_of(snapshot: Snapshot) -> Label | None:
    """Return the label written on it; an unknown word proves nothing."""
    return _LABELS.get(snapshot.tags.get(LABEL_TAG, ""))
