"""An instance without an agent: stopped, taken, and started again whatever happens."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cbsnap.errors import CloudFault, Refused
from cbsnap.jobs.stopping import STOPPED_TAG
from cbsnap.model.labels import Label
from cbsnap.model.policies import OnFailure, Quiesce
from cbsnap.model.runs import Decision

from .scene import NAME_A, Scene

STOP = Quiesce("", budget_s=120)


@pytest.fixture
def scene() -> Scene:
    made = Scene()
    made.batch = replace(made.batch, quiesce=STOP)
    return made


def state(scene: Scene) -> tuple[str, bool]:
    (instance,) = scene.cloud.instance_list
    return instance.state, STOPPED_TAG in instance.tags


def test_it_is_marked_stopped_taken_and_started_again(scene: Scene) -> None:
    report = scene.take()

    assert scene.cloud.log[1:] == ["mark ins-1", "stop ins-1", "create disk-a", "start ins-1", "unmark ins-1"]
    assert (report.outcomes[0].decision, report.outcomes[0].label) == (Decision.TAKEN, Label.CLEAN)
    assert scene.cloud.labels == {"snap-1": "clean"}
    assert state(scene) == ("RUNNING", False)


def test_it_is_started_again_when_creating_fails(scene: Scene) -> None:
    scene.cloud.answers["disk-a"] = Refused("InvalidDisk.NotSupportSnapshot", "no")

    report = scene.take()

    assert report.outcomes[0].decision is Decision.REFUSED
    assert state(scene) == ("RUNNING", False)


def test_it_is_started_again_when_the_worker_itself_breaks(scene: Scene) -> None:
    def explode() -> None:
        raise RuntimeError("a bug")

    scene.cloud.on_create = explode

    with pytest.raises(RuntimeError):
        scene.take()

    assert state(scene) == ("RUNNING", False)


def test_one_that_does_not_stop_in_time_is_not_taken(scene: Scene) -> None:
    scene.cloud.never_stops = True

    report = scene.take()

    assert report.outcomes[0].decision is Decision.FAILED
    assert "did not stop within 120 s" in report.outcomes[0].reason
    assert scene.cloud.snapshot_list == []
    assert state(scene) == ("RUNNING", False)


def test_one_that_does_not_stop_is_taken_as_crash_where_the_policy_says_so(scene: Scene) -> None:
    scene.cloud.never_stops = True

    report = scene.take(quiesce=replace(STOP, on_failure=OnFailure.CRASH))

    assert report.outcomes[0].label is Label.CRASH


def test_one_that_somebody_started_in_between_is_not_clean(scene: Scene) -> None:
    scene.cloud.on_create = lambda: scene.cloud.start_instances(["ins-1"])

    report = scene.take()

    assert report.outcomes[0].label is Label.CRASH
    assert "somebody started" in report.outcomes[0].reason


def test_one_that_a_dead_worker_left_stopped_is_taken_and_started(scene: Scene) -> None:
    scene.cloud.tag_instances(["ins-1"], STOPPED_TAG, "20261122T035900Z")
    scene.cloud.stop_instances(["ins-1"])

    report = scene.take()

    assert report.outcomes[0].label is Label.CLEAN
    assert state(scene) == ("RUNNING", False)


def test_one_that_a_dead_worker_left_stopped_after_taking_is_started(scene: Scene) -> None:
    scene.cloud.tag_instances(["ins-1"], STOPPED_TAG, "20261122T035900Z")
    scene.cloud.stop_instances(["ins-1"])
    scene.cloud.create_snapshots({"disk-a": NAME_A}, {}, 1)

    report = scene.take()

    assert report.outcomes[0].decision is Decision.DONE
    assert len(scene.cloud.snapshot_list) == 1
    assert state(scene) == ("RUNNING", False)


def test_one_that_its_owner_stopped_stays_stopped(scene: Scene) -> None:
    scene.cloud.stop_instances(["ins-1"])

    report = scene.take()

    assert (report.outcomes[0].decision, report.outcomes[0].label) == (Decision.TAKEN, Label.CRASH)
    assert report.outcomes[0].reason.startswith("no-writer")
    assert state(scene) == ("STOPPED", False)


def test_starting_is_tried_again(scene: Scene) -> None:
    scene.cloud.start_failures = [CloudFault("InternalError", "sorry")] * 2

    report = scene.take()

    assert report.outcomes[0].reason == ""
    assert state(scene) == ("RUNNING", False)


def test_an_instance_that_cannot_be_started_again_is_told_and_keeps_its_mark(scene: Scene) -> None:
    scene.cloud.start_failures = [CloudFault("InternalError", "sorry")] * 9

    report = scene.take()

    assert "starting ins-1 again failed" in report.outcomes[0].reason
    assert state(scene) == ("STOPPED", True)
