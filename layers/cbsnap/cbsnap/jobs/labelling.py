"""Labels on their way to the tag service: sent as soon as a call is full, the rest at the end.

A label that could not be written is no failure of its snapshot: `maintain` writes it later.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from cbsnap.errors import CloudError
from cbsnap.model.runs import Decision, Outcome
from cbsnap.ports.cloud import TAGGED_TOGETHER
from cbsnap.rules.ours import LABEL_TAG, LOST_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cbsnap.model.labels import Label
    from cbsnap.ports.cloud import Cloud


class Labels:
    """What is still to be written, by label, and why some could not be."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._due: defaultdict[Label, list[str]] = defaultdict(list)
        self._unwritten: dict[str, str] = {}

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Take up the labels of what has been taken; sends full calls, and at once how leases were lost."""
        lost: defaultdict[str, list[str]] = defaultdict(list)
        for one in outcomes:
            if one.decision is Decision.TAKEN and one.label is not None and one.snapshot_id:
                self._due[one.label].append(one.snapshot_id)
                lost[one.lost].append(one.snapshot_id)
        for how in filter(None, lost):  # first, since a label ends the settling
            self._write(lost[how], LOST_TAG, how)
        for label, ids in self._due.items():
            while len(ids) >= TAGGED_TOGETHER:
                self._write(ids[:TAGGED_TOGETHER], LABEL_TAG, label.value)
                del ids[:TAGGED_TOGETHER]

    def flush(self) -> None:
        """Send what is left."""
        for label, ids in self._due.items():
            self._write(ids, LABEL_TAG, label.value)
        self._due.clear()

    def noted(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Return the outcomes with the reasons of the labels that could not be written."""
        return [_noted(one, self._unwritten.get(one.snapshot_id or "", "")) for one in outcomes]

    def _write(self, ids: list[str], key: str, value: str) -> None:
        if not ids:
            return
        try:
            self._cloud.tag_snapshots(ids, key, value)
        except CloudError as failed:
            self._unwritten.update(dict.fromkeys(ids, f"the tag {key} is not written yet: {failed}"))


def _noted(outcome: Outcome, note: str) -> Outcome:
    return replace(outcome, reason="; ".join(filter(None, (outcome.reason, note)))) if note else outcome
