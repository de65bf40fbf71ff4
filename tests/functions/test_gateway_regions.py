"""Lists over all regions while one of them fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .stage import Stage


@pytest.fixture
def failing(stage: Stage) -> Stage:
    """Let everything that is asked of Singapore be refused."""
    stage.set_fault(kind="error", region="ap-singapore", times=0, code="UnauthorizedOperation")
    return stage


@pytest.mark.parametrize(
    "path", ["disks", "snapshots", "quota", "sizes", "coverage", "policies", "drills", "runs", "hosts"]
)
def test_a_region_that_fails_is_named_and_the_others_are_listed(failing: Stage, path: str) -> None:
    answer = failing.api("GET", f"/v1/{path}")

    assert answer.status_code == 200, answer.text
    (missing,) = answer.json()["errors"]
    assert (missing["region"], missing["code"]) == ("ap-singapore", "UnauthorizedOperation")


def test_the_other_regions_disks_are_all_there(failing: Stage) -> None:
    ids = {one["id"] for one in failing.api("GET", "/v1/disks").json()["items"]}

    assert ids == {"disk-db", "disk-mute", "disk-idle", "disk-unable"}


def test_what_cannot_be_read_is_not_called_covered(failing: Stage) -> None:
    assert failing.api("GET", "/v1/coverage").json()["check"] == 2
    assert failing.api("GET", "/v1/metrics").status_code == 502


def test_a_region_that_is_asked_for_by_name_fails_as_a_whole(failing: Stage) -> None:
    answer = failing.api("GET", "/v1/disks", params={"region": "ap-singapore"})

    assert (answer.status_code, answer.json()["code"]) == (502, "UnauthorizedOperation")
