"""What stands round every endpoint: tokens, bodies, headers, faults and the record of changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cbsnap.entry.http import access, problems
from cbsnap.entry.http.bodies import MOST_BYTES
from cbsnap.entry.http.edge import Edge
from cbsnap.entry.http.refusals import MOST_ADDRESSES, MOST_IN_A_WINDOW, SLOWED_S, WINDOW_S, Refusals
from cbsnap.rules.tokens import Scope
from fastapi import FastAPI
from pydantic import BaseModel

from tests.unit.entry.http.calls import KEYS, SECRET, Caller, Clock

JSON = "application/json"


class Body(BaseModel):
    disk_ids: list[str]


def edged(clock: Clock) -> FastAPI:
    """Return an application with one endpoint of each scope, and one with a fault."""
    app = FastAPI()

    @app.get("/open")
    async def opened() -> str:
        return "open"

    @app.get("/v1/disks", **access.only(Scope.READ))
    async def disks() -> str:
        return "disks"

    @app.post("/v1/snapshots", **access.only(Scope.SNAPSHOT))
    @app.post("/v1/snapshots/plan", **access.only(Scope.READ))
    async def take(body: Body) -> list[str]:
        return body.disk_ids

    @app.post("/v1/prunings", **access.only(Scope.ADMIN))
    async def prune(body: Body) -> list[str]:
        return body.disk_ids

    @app.get("/v1/fault", **access.only(Scope.READ))
    async def fault() -> None:
        raise ZeroDivisionError("somebody's secret")

    problems.tell(app)
    app.add_middleware(Edge, keyring=KEYS, clock=clock)
    return app


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caller(clock: Clock) -> Caller:
    return Caller(edged(clock))


def lines(capsys: pytest.CaptureFixture[str], kind: str) -> list[dict[str, Any]]:
    told = capsys.readouterr()
    found = [json.loads(line) for line in (told.out + told.err).splitlines()]
    return [line for line in found if line["cbsnap"] == kind]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer expired"},
        {"authorization": f"Basic {SECRET}"},
        {"authorization": f"Bearer {SECRET} x"},
        {"authorization": "Bearer 秘密"},
    ],
)
def test_whatever_is_wrong_with_a_token_the_answer_is_the_same_and_takes_the_same_time(
    caller: Caller, clock: Clock, headers: dict[str, str]
) -> None:
    caller.secret, caller.headers = None, headers

    answer = caller.call("GET", "/v1/disks")

    assert (answer.status, answer.json["field"]) == (401, "Authorization")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert clock.seconds == pytest.approx(SLOWED_S)


def test_a_wrong_scope_is_forbidden_and_takes_as_long(caller: Caller, clock: Clock) -> None:
    answer = caller.call("POST", "/v1/prunings", '{"disk_ids": []}', content_type=JSON)

    assert answer.status == 403
    assert "admin" in answer.json["detail"]
    assert clock.seconds == pytest.approx(SLOWED_S)


def test_who_is_refused_too_often_is_turned_away_at_once_and_may_come_again(
    caller: Caller, clock: Clock
) -> None:
    caller.secret = "wrong"  # noqa: S105 - no secret
    for _ in range(MOST_IN_A_WINDOW):
        caller.call("GET", "/v1/disks")
    before = clock.seconds

    answer = caller.call("GET", "/v1/disks")

    assert answer.status == 429
    assert 0 < int(answer.headers["retry-after"]) <= WINDOW_S
    assert clock.seconds == before
    clock.sleep(WINDOW_S)
    assert caller.call("GET", "/v1/disks").status == 401


def test_a_right_token_and_another_address_are_served_all_the_same(caller: Caller) -> None:
    caller.secret = "wrong"  # noqa: S105 - no secret
    for _ in range(MOST_IN_A_WINDOW + 1):
        caller.call("GET", "/v1/disks")

    elsewhere = Caller(caller.application, "wrong", "203.0.113.10").call("GET", "/v1/disks")
    right = Caller(caller.application).call("GET", "/v1/disks")

    assert (elsewhere.status, right.status) == (401, 200)


def test_addresses_that_are_remembered_are_bounded(clock: Clock) -> None:
    refusals = Refusals(clock)
    for number in range(MOST_ADDRESSES):
        for _ in range(MOST_IN_A_WINDOW if number == 0 else 1):
            refusals.add(f"address {number}", 401, "r")

    assert refusals.wait_s("address 0") > 0
    refusals.add("one more", 401, "r")
    assert refusals.wait_s("address 0") == 0


def test_refusals_are_counted_in_the_log_by_address(
    caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    caller.secret = "wrong"  # noqa: S105 - no secret
    for _ in range(2):
        caller.call("GET", "/v1/disks")

    told = lines(capsys, "refusal")

    assert [(one["count"], one["address"], one["status"]) for one in told] == [
        (1, "203.0.113.9", 401),
        (2, "203.0.113.9", 401),
    ]
    assert "wrong" not in json.dumps(told)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "field"),
    [
        ("{", JSON, 400, "body"),
        ("NaN", JSON, 400, "body"),
        (f'{{"disk_ids": [{"9" * 5000}]}}', JSON, 400, "body"),
        ('{"disk_ids": 1e999}', JSON, 422, "disk_ids"),
        ('{"disk_ids": [], "disk_ids": []}', JSON, 400, "disk_ids"),
        ("[" * 30_000, JSON, 400, "body"),
        ("[" * 18 + "]" * 18, JSON, 400, "body"),
        ('{"disk_ids": ["\\ud800"]}', JSON, 400, "body"),
        ('{"disk_ids": ["' + "x" * MOST_BYTES + '"]}', JSON, 413, "body"),
        ('{"disk_ids": []}', "", 415, "Content-Type"),
        ('{"disk_ids": []}', "text/plain", 415, "Content-Type"),
        ('{"disk_ids": []}', f"{JSON}; charset=gbk", 415, "Content-Type"),
        ("", JSON, 422, "body"),
        ("[]", JSON, 422, "body"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_by_field(
    caller: Caller, body: str, content_type: str, status: int, field: str
) -> None:
    answer = caller.call("POST", "/v1/snapshots", body, content_type=content_type)

    assert (answer.status, answer.json["field"]) == (status, field), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["request_id"] == answer.headers["x-request-id"] == "request-1"


def test_nobody_without_a_token_learns_what_is_wrong_with_a_body(caller: Caller) -> None:
    caller.secret = None

    assert caller.call("POST", "/v1/snapshots", "{", content_type=JSON).status == 401


def test_what_is_not_there_and_what_is_not_allowed_are_problems_too(caller: Caller) -> None:
    missing, method = caller.call("GET", "/v1/nothing"), caller.call("DELETE", "/v1/disks")

    assert (missing.status, missing.json["title"]) == (404, "Not Found")
    assert (method.status, method.headers["allow"]) == (405, "GET")


def test_every_answer_has_the_headers_that_bind_a_browser(caller: Caller) -> None:
    for path in ("/open", "/v1/disks", "/v1/nothing", "/v1/fault"):
        headers = caller.call("GET", path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert not any(name.startswith("access-control-") for name in headers)


def test_a_preflight_from_elsewhere_is_not_allowed(caller: Caller) -> None:
    answer = caller.call("OPTIONS", "/v1/disks", origin="https://elsewhere.example")

    assert answer.status == 405
    assert not any(name.startswith("access-control-") for name in answer.headers)


def test_a_fault_of_ours_goes_to_the_log_and_its_id_to_the_caller(
    caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = caller.call("GET", "/v1/fault")

    (line,) = lines(capsys, "fault")
    assert (answer.status, answer.json["request_id"]) == (500, line["request_id"])
    assert "secret" not in answer.text
    assert "ZeroDivisionError" in line["trace"][-1]


def test_a_change_is_recorded_with_who_what_and_its_outcome(
    caller: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    body = '{"disk_ids": ["disk-a"]}'
    caller.call("POST", "/v1/snapshots", body, content_type=JSON, idempotency_key="release-7")
    caller.call("POST", "/v1/snapshots", '{"disk_ids": 7}', content_type=JSON)

    accepted, refused = lines(capsys, "audit")

    assert accepted == {
        "cbsnap": "audit",
        "request_id": "request-1",
        "who": "ci",
        "address": "203.0.113.9",
        "what": "POST /v1/snapshots",
        "asked": {"disk_ids": ["disk-a"]},
        "key": "release-7",
        "status": 200,
        "outcome": "accepted",
        "at": None,
    }
    assert (refused["status"], refused["outcome"], refused["asked"]) == (422, "refused", None)


def test_reading_and_dry_runs_are_no_changes(caller: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    caller.call("GET", "/v1/disks")
    caller.call("POST", "/v1/snapshots/plan", '{"disk_ids": []}', content_type=JSON)

    assert lines(capsys, "audit") == []
