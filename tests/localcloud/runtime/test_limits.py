"""What happens when too much runs at once, and to events that grow too old."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

from tests.localcloud.runtime.conftest import eventually, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.localcloud.runtime.conftest import Running

HOUR_S = 3600


@pytest.fixture
def narrow(project: Path, tmp_path: Path) -> Iterator[Running]:
    """Run a cloud that has room for one instance, which is busy until the file `go` is there."""
    options = ("--prefork", "--no-timers", "--retry-interval", "0.05", "--concurrency", "128")
    with running(project, tmp_path / "ready", *options) as cloud:
        event = {"mine": str(tmp_path / "busy"), "theirs": str(tmp_path / "go")}
        cloud.invoke("wait_for", event, InvocationType="Event")
        eventually((tmp_path / "busy").exists)
        yield cloud


def test_a_synchronous_call_beyond_the_quota_is_told_so(narrow: Running) -> None:
    told = json.loads(narrow.invoke("echo").ErrMsg)

    assert told["statusCode"] == 432
    assert told["errorMessage"] == "Function [ echo ] concurrency exceeded region unreserved quota 128 MB"


def test_an_overrun_is_tried_until_there_is_room_and_counts_no_retry(narrow: Running, tmp_path: Path) -> None:
    request_id = narrow.invoke("echo", InvocationType="Event").FunctionRequestId
    eventually(lambda: len(narrow.record(request_id)["attempts"]) > 4)

    (tmp_path / "go").touch()

    record = narrow.ended(request_id)
    assert record["state"] == "succeeded"
    assert {each["error"]["statusCode"] for each in record["attempts"][:-1]} == {432}


def test_an_event_past_its_age_is_dead(narrow: Running) -> None:
    request_id = narrow.invoke("echo", InvocationType="Event").FunctionRequestId
    eventually(lambda: narrow.record(request_id)["attempts"])

    requests.post(f"{narrow.url}/_local/clock", json={"advance_s": 7 * HOUR_S}, timeout=10)

    assert narrow.ended(request_id)["state"] == "dead"


def test_more_new_instances_a_minute_than_allowed_are_refused(project: Path, tmp_path: Path) -> None:
    with running(project, tmp_path / "ready", "--prefork", "--no-timers", "--burst", "1") as cloud:
        cloud.result("echo")

        again, other = cloud.invoke("echo"), cloud.invoke("eat", {"mib": 1})

        assert again.InvokeResult == 0
        assert json.loads(other.ErrMsg)["statusCode"] == 429
        requests.post(f"{cloud.url}/_local/clock", json={"advance_s": 60}, timeout=10)
        assert cloud.result("eat", {"mib": 1}) == 1 << 20
