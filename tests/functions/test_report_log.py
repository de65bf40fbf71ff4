"""Reports read back from the log service, after a run of the functions as processes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from cbsnap.model.labels import Label
from cbsnap.model.runs import Decision
from cbsnap.wiring import Wiring

if TYPE_CHECKING:
    from cbsnap.ports.logs import LoggedReport

    from .stage import Stage


def read(stage: Stage, run: str | None = None) -> list[LoggedReport]:
    log = stage.wiring().reports
    assert log is not None
    now = datetime.now(timezone.utc)
    return log.reports(now - timedelta(minutes=10), now + timedelta(minutes=1), run)


def test_a_run_is_read_back_as_it_was_reported(stage: Stage) -> None:
    stage.fire()

    found = read(stage)

    (worker,) = [
        one for one in found if one.function == "cbsnap-snapshot" and one.report.run.startswith("databases@")
    ]
    (outcome,) = worker.report.outcomes
    assert (outcome.disk_id, outcome.decision, outcome.label) == (
        "disk-db",
        Decision.TAKEN,
        Label.APPLICATION,
    )
    assert (outcome.tries, outcome.locked_ms is not None, outcome.create_ms is not None) == (1, True, True)
    assert worker.report.began is not None
    assert worker.report.ended is not None
    assert worker.report.proofs[0].verdict == "whole"
    (schedule,) = [one for one in found if worker.request_id in one.report.batches]
    assert schedule.function == "cbsnap-schedule"
    assert schedule.at <= worker.at


def test_one_run_is_read_by_its_name(stage: Stage) -> None:
    stage.fire()
    run = next(one.report.run for one in read(stage) if one.report.run.startswith("the-rest@"))

    found = read(stage, run)

    assert {one.report.run for one in found} == {run}
    assert {one.report.region for one in found} == {"ap-guangzhou", "ap-singapore"}
    assert read(stage, "the-rest@19990101T0000Z") == []


def test_every_call_that_changes_something_leaves_its_request_id_in_the_log(stage: Stage) -> None:
    found = stage.fire()

    lines = [
        json.loads(line) for one in stage.invocations() for line in one["log"] if '"cbsnap": "call"' in line
    ]
    (made,) = [one for one in lines if one["action"] == "CreateSnapshot" and one["disk_id"] == "disk-db"]
    (snapshot,) = [one for one in stage.snapshots() if one["id"] == found["disk-db"]["snapshot_id"]]
    assert made["name"] == snapshot["name"]
    assert len(made["api_request_id"]) > 10
    assert made["ms"] > 0
    assert {"TagResources", "Invoke"} <= {one["action"] for one in lines}
    assert not any(one["action"].startswith("Describe") for one in lines)


def test_without_a_topic_there_is_nothing_to_read(stage: Stage) -> None:
    assert Wiring({"CBSNAP_ENDPOINT": stage.url}).reports is None
