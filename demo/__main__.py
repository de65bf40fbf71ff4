"""The main job, shown: `make run`. Exit code 0 only if all that is claimed held."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo import screen
from demo.cloud import Cloud
from demo.stage import HOSTS, Stage, built
from demo.whole import examine

if TYPE_CHECKING:
    from collections.abc import Iterable

TIMER = "cbsnap-tick"
EXPECTED = {
    "disk-orders01": ("taken", "application"),
    "disk-billing1": ("taken", "application"),
    "disk-archive1": ("taken", "crash"),
    "disk-reports1": ("taken", "crash"),
    "disk-rolling1": ("deferred", None),
    "disk-busy0001": ("deferred", None),
    "disk-shared01": ("refused", None),
    "disk-full0001": ("refused", None),
}


def main() -> int:
    """Tell the story; return the exit code."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(1))  # so that nothing that was started is left behind
    with tempfile.TemporaryDirectory(prefix="cbsnap-demo-") as folder:
        screen.say(
            "Starting two hosts with a database under load, their agents, and a cloud with our functions …"
        )
        with built(Path(folder)) as stage:
            checks = _story(stage)
    screen.verdicts(checks)
    return 0 if all(checks.values()) else 1


def _story(stage: Stage) -> dict[str, bool]:
    cloud = Cloud(stage)
    screen.say(f"\n[bold]The timer fires[/] ({TIMER} of serverless.yml)")
    rows = _rows(cloud.fire(TIMER))
    screen.run_table(rows)
    taken = {one["id"] for one in cloud.snapshots()}

    screen.say("\n[bold]The same event is delivered again[/]")
    again = _rows(cloud.fire(TIMER))
    news = {one["id"] for one in cloud.snapshots()} - taken
    screen.say(
        f"{sum(row['decision'] == 'already done' for row in again)} already done, {len(news)} new snapshots"
    )

    screen.say("\n[bold]A developer asks for one more, over HTTP[/]")
    asked = _ask(cloud)

    screen.say("\n[bold]The snapshots' copies are opened[/]")
    copies = _open_copies(stage, cloud, [*rows, asked])
    decided = {row["disk_id"]: (row["decision"], row.get("label")) for row in rows}
    return {
        "every disk was taken, or left with the reason that was to be expected": decided == EXPECTED,
        "the second delivery took nothing twice": not news and len(again) == len(rows),
        "the requested snapshot is NORMAL and proved": asked.get("label") == "application",
        f"all {len(copies)} copies of databases are whole": len(copies) == len(HOSTS) + 1
        and not any(copies.values()),
    }


def _rows(invocations: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merge the reports of one run: what the worker says of a disk comes after what the schedule said."""
    rows: dict[str, dict[str, Any]] = {}
    for invocation in sorted(invocations, key=lambda one: one["function"] == "cbsnap-snapshot"):
        if invocation["state"] != "succeeded":
            screen.failed(invocation)
        for report in invocation["result"] or []:
            for outcome in report.get("outcomes", []):
                rows[outcome["disk_id"]] = {**outcome, "quota_left": report.get("quota_left", "")}
    return sorted(rows.values(), key=lambda row: list(EXPECTED).index(row["disk_id"]))


def _ask(cloud: Cloud) -> dict[str, Any]:
    body = {"disk_ids": ["disk-orders01"], "plan": "sqlite", "title": "before the release"}
    answer = cloud.api("POST", "/v1/snapshots", json=body, headers={"Idempotency-Key": "release-7"})
    screen.say(f"POST /v1/snapshots → {answer.status_code} {answer.json().get('run', answer.text)}")
    found = screen.progress(cloud.follow("ap-guangzhou", "release-7")) or {}
    screen.say(f"{found.get('id')} is {found.get('state')}, label {found.get('label')}")
    return {"disk_id": "disk-orders01", "snapshot_id": found.get("id"), **found}


def _open_copies(stage: Stage, cloud: Cloud, rows: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Examine the copy of each database's snapshot; return what is wrong with each, or nothing."""
    copies = {one["id"]: Path(one["copy"]) for one in cloud.snapshots() if one["copy"]}
    faults = {}
    for row in rows:
        original = stage.databases.get(row["disk_id"])
        if original is not None and row.get("snapshot_id") in copies:
            found = examine(copies[row["snapshot_id"]] / original.name, original)
            faults[row["snapshot_id"]] = found.fault
            whole = found.fault or "whole, and a true past of the disk it was made of"
            screen.say(f"{row['snapshot_id']} of {row['disk_id']}: {found.orders} orders, {whole}")
    return faults


if __name__ == "__main__":
    sys.exit(main())
