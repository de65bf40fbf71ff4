"""What one worker invocation works on, and with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.rules import names
from cbsnap.rules.ours import DEPLOYMENT_TAG, POLICY_TAG, TITLE_TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbsnap.jobs.pace import Pace
    from cbsnap.model.runs import Batch
    from cbsnap.ports.clock import Clock
    from cbsnap.ports.cloud import Cloud
    from cbsnap.ports.hosts import Hosts


@dataclass(frozen=True, slots=True)
class Work:
    """A batch and the means to take it. `until`: the monotonic time at which the worker must have ended."""

    batch: Batch
    cloud: Cloud
    hosts: Hosts
    clock: Clock
    pace: Pace
    until: float

    def create(self, disk_ids: Sequence[str], timeout_s: float) -> dict[str, str | Exception]:
        """Start snapshots of these disks at one moment; returns an id or the error by disk."""
        runs = {disk_id: self.batch.run_of(disk_id) for disk_id in disk_ids}
        named = {disk_id: names.snapshot_name(run, disk_id) for disk_id, run in runs.items()}
        own = {disk_id: {POLICY_TAG: run.policy} for disk_id, run in runs.items()}
        return self.cloud.create_snapshots(named, self._tags(), timeout_s, own, self.batch.deadline)

    def _tags(self) -> dict[str, str]:
        """Return the tags that every snapshot is born with; the label comes after the proof."""
        tags = {DEPLOYMENT_TAG: self.batch.deployment}
        return tags if self.batch.title is None else {**tags, TITLE_TAG: self.batch.title}
