"""Where `maintain` reaches no host, the target's worker is asked to settle what is unproven."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cbsnap.errors import CloudFault
from cbsnap.jobs.asking import asked, settle
from cbsnap.model.labels import Label
from cbsnap.upkeep import Finding, Trouble

from .fakes import HERE, NOON
from .shelf import FakeJournal, FakeSettlers, Shelf, inventory, plan, record, shelf, shot

THERE = replace(HERE, worker="far-worker")


class OneCloud:
    """The port `Clouds`, with one region; `failure` is what reading it meets."""

    def __init__(self, cloud: Shelf, failure: Exception | None = None) -> None:
        self._cloud, self._failure = cloud, failure

    def at(self, target: object) -> Shelf:
        assert target == THERE
        if self._failure:
            raise self._failure
        return self._cloud


def test_a_worker_is_asked_when_there_is_something_to_settle_and_only_then() -> None:
    settlers = FakeSettlers()

    notes = list(asked(THERE, inventory(shelf([shot(label=Label.CRASH)])), settlers, NOON))
    fresh = shot(created_at=NOON - timedelta(minutes=5))
    notes += asked(THERE, inventory(shelf([fresh])), settlers, NOON)
    idle = list(settlers.asked)
    notes += asked(THERE, inventory(shelf([shot(created_at=NOON - timedelta(minutes=30))])), settlers, NOON)

    assert (idle, settlers.asked, notes) == ([], [THERE], [])


def test_a_worker_that_settles_nothing_is_asked_again_and_reported() -> None:
    settlers = FakeSettlers()

    notes = list(asked(THERE, inventory(shelf([shot()])), settlers, NOON))

    assert settlers.asked == [THERE]
    (finding,) = notes
    assert isinstance(finding, Finding)
    assert (finding.trouble, finding.subject) == (Trouble.UNPROVEN, "snap-1")
    assert "far-worker has been asked" in finding.reason


def test_the_worker_settles_from_the_journals_that_it_reaches() -> None:
    cloud = shelf([shot()])

    done = settle(plan(), THERE, OneCloud(cloud), FakeJournal([record()]), cloud.clock)

    assert cloud.label("snap-1") == "application"
    assert [change.subject for change in done.changes] == ["snap-1"]
    assert (done.findings, done.error) == ((), "")


def test_a_region_that_is_down_is_said_by_the_worker_too() -> None:
    cloud = shelf([shot()])

    done = settle(
        plan(), THERE, OneCloud(cloud, CloudFault("InternalError", "down")), FakeJournal(), cloud.clock
    )

    assert done.error == "InternalError: down"
