"""Answers that were lost: looked for by disk and name, never sent again while they may still come true.

A signed request is accepted for 300 s after its timestamp, so that what is not there by then
was never made. What is found is ours, and `crash`: when it was cut is not known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cbsnap.jobs.preflight import by_disk, of_this_run
from cbsnap.model.labels import Label
from cbsnap.model.runs import Decision, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbsnap.jobs.work import Work

HORIZON_S = 330.0  # 300 s of the signature's life and a margin for clocks
_FIRST_LOOK_S = 1.0
_LONGEST_PAUSE_S = 20.0


def settle(outcomes: Sequence[Outcome], sent_before: float, work: Work) -> list[Outcome]:
    """Settle what is unknown. `sent_before`: the monotonic time by which all requests had been sent.

    What the worker's time does not suffice for stays `unknown`; what was never made is `failed`.
    """
    open_ids = sorted(one.disk_id for one in outcomes if one.decision is Decision.UNKNOWN)
    found: dict[str, Outcome] = {}
    pause_s = _FIRST_LOOK_S
    while True:
        found.update(_found([one for one in open_ids if one not in found], work))
        now = work.clock.monotonic()
        if len(found) == len(open_ids) or now > sent_before + HORIZON_S:
            return _closed(outcomes, found, never_made=True)
        if now + pause_s > work.until:
            return _closed(outcomes, found, never_made=False)
        work.clock.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


def adopt(outcomes: Sequence[Outcome], work: Work) -> list[Outcome]:
    """Look at disks whose snapshot is being made by somebody: if it is this run's, the run has it."""
    busy = sorted(
        one.disk_id for one in outcomes if one.decision is Decision.DEFERRED and not one.snapshot_id
    )
    found = _found(busy, work) if busy else {}
    adopted = {
        disk_id: Outcome(disk_id, Decision.ADOPTED, one.snapshot_id, one.label, "made by another invocation")
        for disk_id, one in found.items()
    }
    return [adopted.get(one.disk_id, one) for one in outcomes]


def _found(disk_ids: Sequence[str], work: Work) -> dict[str, Outcome]:
    if not disk_ids:
        return {}
    there = by_disk(work.cloud.snapshots_of(disk_ids))
    looked = {disk_id: of_this_run(disk_id, there.get(disk_id, ()), work.batch) for disk_id in disk_ids}
    return {disk_id: outcome for disk_id, outcome in looked.items() if outcome is not None}


def _closed(outcomes: Sequence[Outcome], found: dict[str, Outcome], *, never_made: bool) -> list[Outcome]:
    return [
        one if one.decision is not Decision.UNKNOWN else _close(one, found.get(one.disk_id), never_made)
        for one in outcomes
    ]


def _close(unknown: Outcome, found: Outcome | None, never_made: bool) -> Outcome:  # noqa: FBT001 - private
    if found is not None:
        lost = f"the answer was lost, the snapshot found by its name ({unknown.reason})"
        return replace(
            unknown,
            decision=Decision.TAKEN,
            snapshot_id=found.snapshot_id,
            label=Label.CRASH,
            reason=lost,
        )
    if never_made:
        return replace(unknown, decision=Decision.FAILED, reason=f"no snapshot was made: {unknown.reason}")
    return unknown
