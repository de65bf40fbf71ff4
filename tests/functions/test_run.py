"""A run from the timer to the label: functions as processes, the real SDK, a real agent and its locks."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .stage import Stage


def test_a_tick_takes_proves_and_reports_every_disk(stage: Stage) -> None:
    found = stage.fire()

    assert {disk: (one["decision"], one.get("label")) for disk, one in found.items()} == {
        "disk-db": ("taken", "application"),
        "disk-idle": ("taken", "crash"),
        "disk-far": ("taken", "crash"),
        "disk-unable": ("refused", None),
        "disk-mute": ("failed", None),
    }
    assert found["disk-db"]["locked_ms"] > 0
    assert "127.0.78.99" in found["disk-mute"]["reason"]
    assert not stage.locked()


def test_labels_policies_and_deployment_are_tags_of_the_snapshot(stage: Stage) -> None:
    stage.fire()

    tags = {one["disk_id"]: one["tags"] for one in stage.snapshots()}
    assert tags["disk-db"] == {
        "cbsnap:policy": "databases",
        "cbsnap:deployment": "tests",
        "cbsnap:label": "application",
    }
    assert tags["disk-idle"]["cbsnap:label"] == "crash"


def test_the_same_event_delivered_again_takes_nothing_twice(stage: Stage) -> None:
    stage.fire()
    before = {one["id"] for one in stage.snapshots()}

    again = stage.fire()

    assert {one["id"] for one in stage.snapshots()} == before
    assert again["disk-db"]["decision"] == "already done"
    assert again["disk-db"]["label"] == "application"


def test_the_snapshots_copy_holds_a_sound_database(stage: Stage) -> None:
    stage.fire()

    (copy,) = [Path(one["copy"]) for one in stage.snapshots() if one["disk_id"] == "disk-db"]
    database = sqlite3.connect(f"file:{copy / 'orders.db'}?mode=ro&immutable=1", uri=True)
    try:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM orders").fetchone() == (0,)
    finally:
        database.close()


def test_every_report_is_a_line_of_the_functions_log(stage: Stage) -> None:
    stage.fire()

    lines = [line for one in stage.invocations() for line in one["log"]]
    assert any('"cbsnap": "report"' in line and "disk-db" in line for line in lines)
    assert not any("5555555555" in line for line in lines), "the master key must not reach a log"


def test_two_workers_with_one_batch_at_once_take_it_once(stage: Stage) -> None:
    stage.fire()
    batches = [one["event"] for one in stage.invocations() if one["function"] == "cbsnap-snapshot"]
    batch = next(one for one in batches if one["run"]["policy"] == "databases")
    stage.reset()

    stage.invoke_together(batch | {"run": batch["run"] | {"key": "together"}}, times=3)

    assert [one["disk_id"] for one in stage.snapshots()] == ["disk-db"]
    assert not stage.locked()
