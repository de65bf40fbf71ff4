"""The HTTP API at its function URL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .stage import PIPELINE, until

if TYPE_CHECKING:
    from .stage import Stage


def listed(stage: Stage, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.api("GET", "/v1/snapshots", params={"key": key}).json()["items"]
    return found


def test_a_requested_snapshot_is_taken_proved_and_followed_to_normal(stage: Stage) -> None:
    body = {"disk_ids": ["disk-db"], "plan": "sqlite", "title": "before the release"}

    answer = stage.api("POST", "/v1/snapshots", json=body, headers={"Idempotency-Key": "release-7"})

    assert answer.status_code == 202
    assert answer.json()["key"] == "release-7"
    until(
        "the snapshot is NORMAL and labelled",
        lambda: (
            [(one["state"], one["label"]) for one in listed(stage, "release-7")]
            == [("NORMAL", "application")]
        ),
    )
    (made,) = listed(stage, "release-7")
    assert (made["name"], made["title"]) == (answer.json()["names"][0], "before the release")


def test_the_same_key_again_takes_nothing_twice(stage: Stage) -> None:
    for _ in range(2):
        stage.api(
            "POST", "/v1/snapshots", json={"disk_ids": ["disk-idle"]}, headers={"Idempotency-Key": "k1"}
        )
        until("it is there", lambda: [one["label"] for one in listed(stage, "k1")] == ["crash"])
    stage.settle()

    assert len(listed(stage, "k1")) == 1


def test_without_a_key_each_request_is_its_own(stage: Stage) -> None:
    keys = {stage.api("POST", "/v1/snapshots", json={"disk_ids": ["disk-idle"]}).json()["key"] for _ in "ab"}

    assert len(keys) == 2


def test_disks_are_listed_with_what_keeps_them_from_being_taken(stage: Stage) -> None:
    disks = {one["id"]: one for one in stage.api("GET", "/v1/disks").json()["items"]}

    assert disks["disk-db"]["instance_ids"] == ["ins-db"]
    assert disks["disk-db"]["unfit"] is None
    assert "SnapshotAbility" in disks["disk-unable"]["unfit"]


def test_another_region_of_the_policy_file_can_be_asked_for(stage: Stage) -> None:
    answer = stage.api("GET", "/v1/disks", params={"region": "ap-singapore"}).json()

    assert [one["id"] for one in answer["items"]] == ["disk-far"]


def test_quota_tells_limit_use_and_what_is_left(stage: Stage) -> None:
    here, _ = stage.api("GET", "/v1/quota").json()["items"]

    assert (here["region"], here["limit"], here["used"], here["left"]) == (
        "ap-guangzhou",
        64 + 64 * 4,
        0,
        64 + 64 * 4,
    )


def test_a_token_says_what_it_is_good_for_and_where(stage: Stage) -> None:
    me = stage.api("GET", "/v1/me", token=PIPELINE).json()

    assert (me["name"], me["scopes"], me["expires_at"]) == (PIPELINE, ["snapshot"], "9999-12-31T00:00:00Z")
    assert (me["deployment"], me["time_zone"], me["regions"]) == (
        "tests",
        "Etc/UTC",
        ["ap-guangzhou", "ap-singapore"],
    )


def test_health_needs_no_token(stage: Stage) -> None:
    assert stage.api("GET", "/healthz", token=None).json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("token", "status"), [(None, 401), ("wrong", 401), ("former", 401), ("reader", 403), ("restorer", 403)]
)
def test_only_a_token_with_the_scope_takes_snapshots(stage: Stage, token: str | None, status: int) -> None:
    answer = stage.api("POST", "/v1/snapshots", token=token, json={"disk_ids": ["disk-idle"]})

    assert answer.status_code == status
    stage.settle()
    assert stage.snapshots() == []


def test_the_answer_says_where_to_look_and_its_request_is_in_the_log(stage: Stage) -> None:
    answer = stage.api(
        "POST",
        "/v1/snapshots",
        token=PIPELINE,
        json={"disk_ids": ["disk-idle"]},
        headers={"Idempotency-Key": "a/b#c"},
    )

    assert answer.headers["location"].startswith("/v1/runs/manual%40")
    (gateway,) = [one for one in stage.invocations() if one["request_id"] == answer.headers["x-request-id"]]
    (line,) = [line for each in gateway["log"] if (line := json.loads(each))["cbsnap"] == "audit"]
    assert (line["who"], line["key"], line["status"]) == (PIPELINE, "a/b#c", 202)
    stage.settle()


BAD_BODIES: list[tuple[object, int, str]] = [
    ("{not json", 400, "body"),
    ("[]", 422, "body"),
    ({}, 422, "disk_ids"),
    ({"disk_ids": []}, 422, "disk_ids"),
    ({"disk_ids": "disk-db"}, 422, "disk_ids"),
    ({"disk_ids": [7]}, 422, "disk_ids.0"),
    ({"disk_ids": ["snap-1"]}, 422, "disk_ids.0"),
    ({"disk_ids": ["disk-db", "disk-nosuch"]}, 422, "disk_ids.1"),
    ({"disk_ids": ["disk-unable"]}, 422, "disk_ids.0"),
    ({"disk_ids": ["disk-db"], "plan": "../etc"}, 422, "plan"),
    ({"disk_ids": ["disk-db"], "on_failure": "hope"}, 422, "on_failure"),
    ({"disk_ids": ["disk-db"], "title": " "}, 422, "title"),
    ({"disk_ids": ["disk-db"], "region": "ap-nowhere"}, 422, "region"),
    ({"disk_ids": ["disk-db"], "force": True}, 422, "force"),
    ({"disk_ids": ["disk-db"], "title": "x" * 70_000}, 413, "body"),
    ({"disk_ids": ["disk-db"], "plan": [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}, 400, "body"),
]


@pytest.mark.parametrize(("body", "status", "field"), BAD_BODIES)
def test_a_bad_body_is_refused_by_field_and_nothing_is_made(
    stage: Stage, body: object, status: int, field: str
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)

    answer = stage.api("POST", "/v1/snapshots", data=content, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert stage.snapshots() == []
    assert not stage.locked()


def test_a_plan_that_the_host_does_not_have_locks_and_makes_nothing(stage: Stage) -> None:
    before = {one["request_id"] for one in stage.invocations()}

    stage.api("POST", "/v1/snapshots", json={"disk_ids": ["disk-db"], "plan": "mysql"})
    stage.settle()

    (worker,) = [
        one
        for one in stage.invocations()
        if one["request_id"] not in before and one["function"] == "cbsnap-snapshot"
    ]
    (outcome,) = worker["result"][0]["outcomes"]
    assert outcome["decision"] == "failed"
    assert "mysql" in outcome["reason"]
    assert stage.snapshots() == []
