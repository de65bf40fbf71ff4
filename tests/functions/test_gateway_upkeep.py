"""Coverage, metrics, retention and sizes at the function's URL, after a real run."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from .stage import until

if TYPE_CHECKING:
    from .stage import Stage

TAGS = {"cbsnap:policy": "the-rest", "cbsnap:deployment": "tests", "cbsnap:label": "crash"}


def take(stage: Stage, disk_id: str = "disk-idle", age_days: int = 0) -> str:
    """Take a snapshot of a disk of policy `the-rest`, of today or as many days ago."""
    midnight = datetime.now(timezone.utc).replace(hour=0, minute=0) - timedelta(days=age_days)
    name = f"the-rest.{midnight:%Y%m%dT%H%MZ}.{disk_id.removeprefix('disk-')}"
    made = stage.region().create_snapshots({disk_id: name}, TAGS, 10)[disk_id]
    assert isinstance(made, str), made
    until("it is NORMAL", lambda: {one["state"] for one in stage.snapshots()} == {"NORMAL"})
    return made


def test_coverage_tells_each_disk_and_what_a_monitor_goes_by(stage: Stage) -> None:
    take(stage)

    answer = stage.api("GET", "/v1/coverage").json()

    (idle,) = [one for one in answer["items"] if one["disk_id"] == "disk-idle"]
    assert (idle["standing"], idle["policy"], idle["label"]) == ("covered", "the-rest", "crash")
    assert {one["disk_id"] for one in answer["items"]} >= {"disk-db", "disk-mute", "disk-far"}


def test_metrics_are_what_a_scraper_reads(stage: Stage) -> None:
    answer = stage.api("GET", "/v1/metrics", params={"region": "ap-singapore"})

    assert answer.headers["content-type"].startswith("text/plain")
    assert 'cbsnap_disk_covered{region="ap-singapore",disk="disk-far",policy="the-rest"}' in answer.text
    assert "disk-db" not in answer.text


def test_pruning_deletes_what_was_agreed_to_and_only_that(stage: Stage) -> None:
    take(stage)
    take(stage, age_days=40)
    plan = stage.api("POST", "/v1/prunings/plan", json={}).json()
    goes = [one["snapshot_id"] for one in plan["snapshots"] if not one["stays"]]

    another = stage.api("POST", "/v1/prunings", json={"confirm": "0" * 16})
    done = stage.api("POST", "/v1/prunings", json={"confirm": plan["confirm"]})
    again = stage.api("POST", "/v1/prunings", json={"confirm": plan["confirm"]})

    assert (plan["deletes"], len(goes)) == (1, 1)
    assert (another.status_code, another.json()["field"]) == (409, "confirm")
    assert [(one["action"], one["subject"]) for one in done.json()["changes"]] == [("deleted", goes[0])]
    assert again.status_code == 409
    assert goes[0] not in {one["id"] for one in stage.snapshots()}


def test_a_dry_run_says_why_each_stays_and_of_one_policy_only(stage: Stage) -> None:
    take(stage)

    (row,) = stage.api("POST", "/v1/prunings/plan", json={"policy": "the-rest"}).json()["snapshots"]
    other = stage.api("POST", "/v1/prunings/plan", json={"policy": "mute"}).json()
    unknown = stage.api("POST", "/v1/prunings/plan", json={"policy": "no-such"})

    assert (row["disk_id"], row["stays"]) == ("disk-idle", True)
    assert other["snapshots"] == []
    assert (unknown.status_code, unknown.json()["field"]) == (422, "policy")


def test_only_an_administrator_prunes(stage: Stage) -> None:
    answers = [
        stage.api("POST", "/v1/prunings", token=token, json={"confirm": "x"})
        for token in ("reader", "pipeline", "restorer")
    ]

    assert [one.status_code for one in answers] == [403, 403, 403]


def test_sizes_are_told_by_region(stage: Stage) -> None:
    take(stage)

    regions = stage.api("GET", "/v1/sizes").json()["items"]

    assert [one["region"] for one in regions] == ["ap-guangzhou", "ap-singapore"]
    assert regions[0]["next_pass"] == {"deletes": 0, "frees_gib": 0}
    assert set(regions[0]["by_policy_gib"]) == {"the-rest"}


def test_none_of_it_without_a_token(stage: Stage) -> None:
    paths = ("coverage", "metrics", "sizes", "hosts", "me")

    refused = {stage.api("GET", f"/v1/{path}", token=None).status_code for path in paths}

    assert refused <= {401, 429}  # after other tests' refusals from this address


def test_disks_tell_how_they_stand_with_their_policies(stage: Stage) -> None:
    made = take(stage)

    disk = stage.api("GET", "/v1/disks/disk-idle").json()

    (standing,) = disk["coverage"]
    assert (standing["policy"], standing["standing"], standing["snapshot_id"]) == (
        "the-rest",
        "covered",
        made,
    )
    assert standing["target_s"] >= standing["age_s"] >= 0
    assert (disk["snapshots"], disk["snapshots_left"]) == (1, 63)


def test_disks_can_be_searched(stage: Stage) -> None:
    take(stage)

    def found(**query: str) -> set[str]:
        return {one["id"] for one in stage.api("GET", "/v1/disks", params=query).json()["items"]}

    assert found(policy="databases") == {"disk-db"}
    assert found(standing="covered") == {"disk-idle"}
    assert found(q="IDLE") == {"disk-idle"}
    assert found(q="rest", region="ap-singapore") == {"disk-far"}
    assert stage.api("GET", "/v1/disks/disk-nosuch").status_code == 404


def test_snapshots_can_be_searched_and_looked_at(stage: Stage) -> None:
    old, new = take(stage, age_days=1), take(stage)
    foreign = stage.region().create_snapshots({"disk-db": "by hand"}, {}, 10)["disk-db"]

    def found(**query: str) -> list[str]:
        return [one["id"] for one in stage.api("GET", "/v1/snapshots", params=query).json()["items"]]

    assert set(found()) == {old, new, foreign}
    assert found(policy="the-rest", label="crash")[-1] == old
    assert found(disk_id="disk-db") == [foreign]
    assert found(label="clean") == []
    assert found(since="2999-01-01T00:00:00Z") == []
    assert found(until="2020-01-01T00:00:00Z") == []
    one = stage.api("GET", f"/v1/snapshots/{new}").json()
    assert (one["ours"], one["policy"], one["disk_id"]) == (True, "the-rest", "disk-idle")
    other = stage.api("GET", f"/v1/snapshots/{foreign}").json()
    assert (other["ours"], other["policy"], other["run"], other["name"]) == (False, None, None, "by hand")
    assert stage.api("GET", "/v1/snapshots/snap-nosuch").status_code == 404


def test_pages_follow_each_other_through_all_regions(stage: Stage) -> None:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = stage.api("GET", "/v1/disks", params={"limit": 2, **cursor}).json()
        seen += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert sorted(seen) == ["disk-db", "disk-far", "disk-idle", "disk-mute", "disk-unable"]


def test_hosts_tell_their_agents_state_and_one_that_is_silent_is_an_entry(stage: Stage) -> None:
    answer = stage.api("GET", "/v1/hosts").json()

    hosts = {one["instance_id"]: one for one in answer["items"]}
    assert hosts["ins-db"]["agent"]["plans"] == ["sqlite"]
    assert hosts["ins-db"]["agent"]["paused"] is False
    assert hosts["ins-mute"]["agent"] is None
    assert "no answer from the agent" in hosts["ins-mute"]["error"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/disks?limit=0", "limit"),
        ("/v1/disks?limit=1001", "limit"),
        ("/v1/disks?cursor=nonsense", "cursor"),
        ("/v1/disks?cursor=WzAsMCwi5Lit5paH", "cursor"),
        ("/v1/disks?standing=good", "standing"),
        ("/v1/disks?region=ap-nowhere", "region"),
        ("/v1/disks/snap-1", "disk_id"),
        ("/v1/snapshots?since=yesterday", "since"),
        ("/v1/snapshots?since=2026-11-22T00:00:00", "since"),
        ("/v1/snapshots?disk_id=;drop", "disk_id"),
        ("/v1/coverage?region=", "region"),
        ("/v1/hosts?limit=1000", "limit"),
        ("/v1/disks?regoin=ap-singapore", "regoin"),
        ("/v1/quota?regoin=ap-singapore", "regoin"),
    ],
)
def test_a_bad_query_is_refused_by_field(stage: Stage, path: str, field: str) -> None:
    answer = stage.api("GET", path)

    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
