"""Restores over HTTP, from the plan to the end, carried out by the function `maintain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .stage import PIPELINE, until

if TYPE_CHECKING:
    from .stage import Stage

TAGS = {"cbsnap:policy": "the-rest", "cbsnap:deployment": "tests", "cbsnap:label": "crash"}


@pytest.fixture
def snapshot_id(stage: Stage) -> str:
    made = stage.region().create_snapshots({"disk-idle": "the-rest.20261122T0000Z.idle"}, TAGS, 10)[
        "disk-idle"
    ]
    assert isinstance(made, str), made
    until("it is NORMAL", lambda: {one["state"] for one in stage.snapshots()} == {"NORMAL"})
    return made


def restored(stage: Stage, asked: dict[str, Any], key: str) -> dict[str, Any]:
    """Plan, agree and wait for the end."""
    plan = stage.api("POST", "/v1/restores/plan", json=asked).json()
    agreed = {**asked, "confirm": plan["confirm"], "typed": plan["disk_id"] or ""}
    answer = stage.api("POST", "/v1/restores", json=agreed, headers={"Idempotency-Key": key})
    assert answer.status_code == 202, answer.text
    stage.settle()
    progress: dict[str, Any] = stage.api("GET", answer.headers["location"]).json()
    return progress


def test_a_new_disk_is_made_of_a_snapshot(stage: Stage, snapshot_id: str) -> None:
    progress = restored(stage, {"kind": "clone", "snapshot_ids": [snapshot_id]}, "clone-1")

    assert (progress["kind"], progress["state"], progress["snapshot_ids"]) == ("clone", "done", [snapshot_id])
    (made,) = progress["disk_ids"]
    assert stage.api("GET", f"/v1/disks/{made}").json()["state"] == "UNATTACHED"


def test_a_disk_is_put_back_with_a_safety_snapshot_before(stage: Stage, snapshot_id: str) -> None:
    progress = restored(stage, {"kind": "rollback", "snapshot_id": snapshot_id}, "back-1")

    assert (progress["kind"], progress["state"], progress["disk_ids"]) == ("rollback", "done", ["disk-idle"])
    assert len(stage.snapshots()) == 2


def test_nothing_is_overwritten_without_the_typed_id_or_after_another_plan(
    stage: Stage, snapshot_id: str
) -> None:
    asked = {"kind": "rollback", "snapshot_id": snapshot_id}
    plan = stage.api("POST", "/v1/restores/plan", json=asked).json()

    mistyped = stage.api(
        "POST", "/v1/restores", json={**asked, "confirm": plan["confirm"], "typed": "disk-db"}
    )
    another = stage.api("POST", "/v1/restores", json={**asked, "confirm": "0" * 16, "typed": "disk-idle"})
    not_allowed = stage.api(
        "POST",
        "/v1/restores",
        token=PIPELINE,
        json={**asked, "confirm": plan["confirm"], "typed": "disk-idle"},
    )

    assert plan["disk_id"] == "disk-idle"
    assert (mistyped.status_code, mistyped.json()["field"]) == (422, "typed")
    assert (another.status_code, another.json()["field"]) == (409, "confirm")
    assert not_allowed.status_code == 403
    stage.settle()
    assert len(stage.snapshots()) == 1


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"kind": "rollback", "snapshot_id": "snap-nosuch"}, "snapshot_id"),
        ({"kind": "clone"}, "snapshot_ids"),
        ({"kind": "clone", "instance_id_of": "ins-none", "as_of": "2026-11-22T00:00:00Z"}, "instance_id_of"),
        ({"kind": "clone", "disk_ids": ["disk-idle"]}, "as_of"),
        ({"kind": "hope"}, "kind"),
        ({}, "kind"),
        ({"kind": "rollback", "snapshot_id": "snap-1", "force": True}, "force"),
    ],
)
def test_a_wrong_wish_is_refused_by_field(stage: Stage, asked: dict[str, Any], field: str) -> None:
    answer = stage.api("POST", "/v1/restores/plan", json=asked)

    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


def test_a_policy_that_is_not_drilled_says_what_it_lacks(stage: Stage) -> None:
    answer = stage.api("POST", "/v1/drills", json={"policy": "mute"})

    assert (answer.status_code, answer.json()["field"]) == (422, "policy")
    assert "drill" in answer.json()["detail"]
    assert stage.api("GET", "/v1/drills").json() == {"items": []}
