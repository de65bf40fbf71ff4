"""Policies over HTTP: looked at, tried dry, and started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .stage import PIPELINE, READER, until

if TYPE_CHECKING:
    from .stage import Stage


def test_policies_tell_what_they_select_and_when_they_run_next(stage: Stage) -> None:
    policies = {one["name"]: one for one in stage.api("GET", "/v1/policies", token=READER).json()["items"]}

    assert set(policies) == {"databases", "mute", "the-rest"}
    databases = policies["databases"]
    assert databases["quiesce"] == {"plan": "sqlite", "on_failure": "abort"}
    assert (databases["select"], databases["disks"]) == ("tier is db", 1)
    dues = [one["due"] for one in databases["next_runs"]]
    assert len(dues) == 5
    assert dues == sorted(dues)
    assert all(due.endswith("T00:00:00Z") for due in dues)
    assert policies["the-rest"]["keep"] == {"last": 1}


def test_a_dry_run_says_what_would_be_taken_and_takes_nothing(stage: Stage) -> None:
    reports = stage.api("POST", "/v1/policies/the-rest/plan", token=READER).json()["items"]

    outcomes = {one["disk_id"]: one for report in reports for one in report["outcomes"]}
    assert {disk_id: one["decision"] for disk_id, one in outcomes.items()} == {
        "disk-idle": "would be taken",
        "disk-unable": "refused",
        "disk-far": "would be taken",
    }
    stage.settle()
    assert stage.snapshots() == []


def test_a_policy_is_started_once_for_one_key(stage: Stage) -> None:
    def start() -> dict[str, Any]:
        answer = stage.api(
            "POST",
            "/v1/runs",
            token=PIPELINE,
            json={"policy": "the-rest"},
            headers={"Idempotency-Key": "before-7"},
        )
        assert answer.status_code == 202, answer.text
        stage.settle()
        started: dict[str, Any] = answer.json()
        return started

    first = start()
    until("both are labelled", lambda: [one["label"] for one in listed(stage)] == ["crash", "crash"])
    start()

    assert first["run"].endswith("#before-7")
    assert {one["disk_id"] for one in listed(stage)} == {"disk-idle", "disk-far"}
    assert len(stage.snapshots()) == 2


def listed(stage: Stage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.api("GET", "/v1/snapshots", params={"key": "before-7"}).json()[
        "items"
    ]
    return found


def test_a_policy_that_is_not_in_the_file_is_named(stage: Stage) -> None:
    started = stage.api("POST", "/v1/runs", json={"policy": "no-such"})
    planned = stage.api("POST", "/v1/policies/no-such/plan")

    assert [(one.status_code, one.json()["field"]) for one in (started, planned)] == [(422, "policy")] * 2


def test_who_may_only_read_starts_nothing(stage: Stage) -> None:
    assert stage.api("POST", "/v1/runs", token=READER, json={"policy": "the-rest"}).status_code == 403
