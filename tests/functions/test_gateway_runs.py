"""Runs over HTTP: followed by what the functions have reported and by the snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from .stage import until

if TYPE_CHECKING:
    from .stage import Stage


def start(stage: Stage, key: str = "release/7#a", **more: str) -> str:
    """Ask for a proved snapshot; return where its run can be looked at, when the workers are through."""
    body = {"disk_ids": ["disk-db"], "plan": "sqlite", **more}
    answer = stage.api("POST", "/v1/snapshots", json=body, headers={"Idempotency-Key": key})
    assert answer.status_code == 202, answer.text
    location: str = answer.headers["location"]
    stage.settle()
    return location


def test_a_run_is_followed_to_its_proof_by_the_place_that_the_request_named(stage: Stage) -> None:
    location = start(stage)
    until("it is done", lambda: stage.api("GET", location).json()["done"])

    run = stage.api("GET", location).json()

    assert (run["policy"], run["key"], run["region"]) == ("manual", "release/7#a", "ap-guangzhou")
    assert (run["disks"], run["taken"], run["failed"], run["labels"]) == (1, 1, 0, {"application": 1})
    (disk,) = run["outcomes"]
    assert (disk["decision"], disk["state"], disk["label"]) == ("taken", "NORMAL", "application")
    (proof,) = run["proofs"]
    assert proof["verdict"] == "whole"
    assert proof["locked_ms"] == run["locked_ms_max"] > 0


def test_a_snapshot_shows_the_proof_that_it_was_taken_under(stage: Stage) -> None:
    location = start(stage)
    (disk,) = stage.api("GET", location).json()["outcomes"]

    proof = stage.api("GET", f"/v1/snapshots/{disk['snapshot_id']}").json()["proof"]

    assert proof["verdict"] == "whole"
    assert proof["covers"][0].startswith("disk-db ")


def test_what_could_not_be_held_is_told_with_its_reason(stage: Stage) -> None:
    location = start(stage, plan="mysql")

    run = stage.api("GET", location).json()

    assert (run["taken"], run["failed"], run["done"]) == (0, 1, True)
    assert "mysql" in run["outcomes"][0]["reason"]


def test_runs_are_listed_and_one_is_known_by_the_digest_of_its_key_too(stage: Stage) -> None:
    start(stage)
    stage.fire()

    def runs(**query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = stage.api("GET", "/v1/runs", params=query).json()["items"]
        return found

    assert {one["policy"] for one in runs()} == {"manual", "databases", "mute", "the-rest"}
    assert [one["key"] for one in runs(policy="manual")] == ["release/7#a"]
    assert {one["region"] for one in runs(region="ap-singapore")} == {"ap-singapore"}
    (snapshot,) = stage.api("GET", "/v1/snapshots", params={"key": "release/7#a"}).json()["items"]
    by_digest = stage.api("GET", f"/v1/runs/{quote(snapshot['run'], safe='')}").json()
    assert by_digest["key"] == "release/7#a"


@pytest.mark.parametrize(
    ("run", "status"), [("nonsense", 422), ("manual@20269922T0200Z", 422), ("manual@20200101T0000Z#k", 404)]
)
def test_a_run_that_was_never_asked_for_is_not_there(stage: Stage, run: str, status: int) -> None:
    answer = stage.api("GET", f"/v1/runs/{quote(run, safe='')}")

    assert answer.status_code == status


def test_a_key_that_stands_for_another_request_is_refused(stage: Stage) -> None:
    start(stage, title="before 7")

    answer = stage.api(
        "POST",
        "/v1/snapshots",
        json={"disk_ids": ["disk-db"], "title": "before 8"},
        headers={"Idempotency-Key": "release/7#a"},
    )

    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")


def test_a_snapshot_that_is_to_stay_some_days_has_an_end(stage: Stage) -> None:
    body = {"disk_ids": ["disk-idle"], "keep_days": 1}
    stage.api("POST", "/v1/snapshots", json=body, headers={"Idempotency-Key": "short"})
    stage.settle()

    (one,) = stage.api("GET", "/v1/snapshots", params={"key": "short"}).json()["items"]

    assert one["deadline"] > one["created_at"]
