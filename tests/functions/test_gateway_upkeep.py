"""Coverage, metrics, retention and sizes at the function's URL, after a real run."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from .stage import until

if TYPE_CHECKING:
    from .stage import Stage

TAGS = {"cbsnap:policy": "the-rest", "cbsnap:deployment": "tests", "cbsnap:label": "crash"}


def take(stage: Stage, disk_id: str = "disk-idle") -> None:
    """Take today's snapshot of a disk of policy `the-rest`."""
    midnight = datetime.now(timezone.utc).replace(hour=0, minute=0)
    name = f"the-rest.{midnight:%Y%m%dT%H%MZ}.{disk_id.removeprefix('disk-')}"
    made = stage.region().create_snapshots({disk_id: name}, TAGS, 10)[disk_id]
    assert isinstance(made, str), made
    until("it is NORMAL", lambda: [one["state"] for one in stage.snapshots()] == ["NORMAL"])


def test_coverage_tells_each_disk_and_what_a_monitor_goes_by(stage: Stage) -> None:
    take(stage)

    answer = stage.api("GET", "/v1/coverage").json()

    (idle,) = [one for one in answer["disks"] if one["disk_id"] == "disk-idle"]
    assert (idle["standing"], idle["policy"], idle["label"]) == ("covered", "the-rest", "crash")
    assert {one["disk_id"] for one in answer["disks"]} >= {"disk-db", "disk-mute", "disk-far"}


def test_metrics_are_what_a_scraper_reads(stage: Stage) -> None:
    answer = stage.api("GET", "/v1/metrics", params={"region": "ap-singapore"})

    assert answer.headers["content-type"].startswith("text/plain")
    assert 'cbsnap_disk_covered{region="ap-singapore",disk="disk-far",policy="the-rest"}' in answer.text
    assert "disk-db" not in answer.text


def test_a_dry_run_of_retention_says_why_each_stays(stage: Stage) -> None:
    take(stage)

    (row,) = stage.api("GET", "/v1/retention").json()["snapshots"]

    assert (row["disk_id"], row["stays"]) == ("disk-idle", True)
    assert "newest good one" in row["reason"]


def test_sizes_are_told_by_region(stage: Stage) -> None:
    take(stage)

    regions = stage.api("GET", "/v1/sizes").json()["regions"]

    assert [one["region"] for one in regions] == ["ap-guangzhou", "ap-singapore"]
    assert regions[0]["next_pass"] == {"deletes": 0, "frees_gib": 0}
    assert set(regions[0]["by_policy_gib"]) == {"the-rest"}


def test_none_of_it_without_a_token(stage: Stage) -> None:
    paths = ("coverage", "metrics", "retention", "sizes")

    assert {stage.api("GET", f"/v1/{path}", token=None).status_code for path in paths} == {401}
