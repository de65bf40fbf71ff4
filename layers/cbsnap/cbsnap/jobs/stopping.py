"""Instances without an agent: stopped softly, taken, started again.

A mark on the instance says that it was us who stopped it, and when: it is set before, and whoever
finds a stopped instance with it, a later try or `maintain`, starts it. It is started again whatever
happened in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.errors import CloudError, HostRefused
from cbsnap.jobs import verdicts
from cbsnap.jobs.preflight import STOPPED
from cbsnap.model.labels import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cbsnap.jobs.preflight import Ahead, Facts
    from cbsnap.jobs.verdicts import Taken
    from cbsnap.jobs.work import Work
    from cbsnap.model.cloud import Instance

STOPPED_TAG = "cbsnap:stopped"
MARK = "%Y%m%dT%H%M%SZ"  # its value: when
CREATE_S = 30.0
_LOOK_AGAIN_S = 3.0
_START_TRIES = 5


def take(plan: Ahead, facts: Facts, work: Work) -> Taken:
    """Take a group's missing disks while its instances are stopped. Raises HostRefused, CloudError.

    Instances that somebody else has stopped are left alone.
    """
    ids = [one.id for one in ours(plan, facts)]
    if not ids:
        raise HostRefused("no-host", "", "the instance was stopped by somebody else meanwhile")
    try:
        _stop(ids, work)
        answers = work.create(plan.missing, CREATE_S) if plan.missing else {}
        label, reason = _earned(ids, work)
    finally:
        left_stopped = _start(ids, work)
    reason = "; ".join(filter(None, (reason, left_stopped)))
    return verdicts.Taken(
        tuple(verdicts.outcome_of(disk_id, answer, label, reason) for disk_id, answer in answers.items())
    )


def ours(plan: Ahead, facts: Facts) -> list[Instance]:
    """Return the group's instances that are for us to stop or to start: running, or with our mark."""
    return [*facts.running(plan.members), *marked(plan, facts)]


def marked(plan: Ahead, facts: Facts) -> list[Instance]:
    """Return the group's stopped instances that have our mark."""
    return [one for one in facts.stopped(plan.members) if STOPPED_TAG in one.tags]


def _stop(ids: Sequence[str], work: Work) -> None:
    quiesce = work.batch.quiesce
    budget_s = quiesce.budget_s if quiesce else 0
    work.cloud.tag_instances(ids, STOPPED_TAG, work.clock.now().strftime(MARK))
    running = [one.id for one in work.cloud.instances(ids) if one.state != STOPPED]
    if running:
        work.cloud.stop_instances(running)
    give_up = min(work.clock.monotonic() + budget_s, work.until)
    while not _all_stopped(ids, work):
        if work.clock.monotonic() > give_up:
            raise HostRefused("not-quiesced", "", f"{', '.join(ids)} did not stop within {budget_s} s")
        work.clock.sleep(_LOOK_AGAIN_S)


def _earned(ids: Sequence[str], work: Work) -> tuple[Label, str]:
    if _all_stopped(ids, work):
        return Label.CLEAN, ""
    return Label.CRASH, "somebody started the instance before the snapshot had been answered"


def _all_stopped(ids: Sequence[str], work: Work) -> bool:
    return {one.state for one in work.cloud.instances(ids)} == {STOPPED}


def _start(ids: Sequence[str], work: Work) -> str:
    """Start what was stopped, and take the mark off; return what could not be done."""
    failure = ""
    for _ in range(_START_TRIES):
        try:
            stopped = [one.id for one in work.cloud.instances(ids) if one.state == STOPPED]
            if stopped:
                work.cloud.start_instances(stopped)
            work.cloud.untag_instances(ids, STOPPED_TAG)
        except CloudError as failed:
            failure = f"starting {', '.join(ids)} again failed, and is left to the next try: {failed}"
            work.clock.sleep(_LOOK_AGAIN_S)
        else:
            return ""
    return failure
