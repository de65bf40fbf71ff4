"""Function URLs and timers, as HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from tests.localcloud.runtime.conftest import eventually, running

if TYPE_CHECKING:
    from pathlib import Path

    from tests.localcloud.runtime.conftest import Running


def test_a_request_is_the_documented_event(cloud: Running) -> None:
    answer = requests.post(
        f"{cloud.url}/_local/url/http/v1/x%20y?a=1&b=2&b=3", data="text", headers={"X-Mine": "m"}, timeout=10
    )

    event = answer.json()
    assert answer.status_code == 201
    assert answer.headers["x-one"] == "a, b"
    assert set(event) == {"body", "headers", "httpMethod", "path", "queryString"}
    assert (event["httpMethod"], event["path"], event["body"]) == ("POST", "/v1/x y", "text")
    assert event["queryString"] == {"a": "1", "b": ["2", "3"]}
    assert (event["headers"]["x-mine"], event["headers"]["x-scf-remote-addr"]) == ("m", "127.0.0.1")


def test_a_result_without_a_status_is_the_body(cloud: Running) -> None:
    answer = requests.get(f"{cloud.url}/_local/url/http/plain", timeout=10)

    assert (answer.status_code, answer.headers["content-type"], answer.text) == (
        200,
        "application/json",
        '"hello"',
    )


def test_a_failed_function_is_a_500_with_its_report(cloud: Running) -> None:
    answer = requests.get(f"{cloud.url}/_local/url/http/raise", timeout=10)

    assert answer.status_code == 500
    assert answer.json()["statusCode"] == 430


def test_only_a_function_with_a_url_has_one(cloud: Running) -> None:
    answer = requests.get(f"{cloud.url}/_local/url/echo", timeout=10)

    assert answer.status_code == 404


def fire(cloud: Running, name: str, body: object = None) -> requests.Response:
    return requests.post(f"{cloud.url}/_local/timers/{name}/fire", json=body, timeout=10)


def test_a_timer_fired_by_hand_sends_the_documented_event(cloud: Running) -> None:
    answer = fire(cloud, "nightly", {"time": "2026-11-22T02:00:00Z"})

    record = cloud.ended(answer.json()["request_id"])
    assert record["event"] == {
        "Type": "Timer",
        "TriggerName": "nightly",
        "Time": "2026-11-22T02:00:00Z",
        "Message": "hello",
    }
    assert (record["type"], record["asynchronous"]) == ("timer", True)


def test_a_message_can_be_given_by_hand(cloud: Running) -> None:
    answer = fire(cloud, "nightly", {"message": "other"})

    assert cloud.ended(answer.json()["request_id"])["event"]["Message"] == "other"


@pytest.mark.parametrize("body", [{"time": "tomorrow"}, {"when": 1}, [], {"message": 1}])
def test_a_bad_body_fires_nothing(cloud: Running, body: object) -> None:
    answer = fire(cloud, "nightly", body)

    assert answer.status_code == 400


def test_an_unknown_timer_is_not_found(cloud: Running) -> None:
    answer = fire(cloud, "weekly")

    assert answer.status_code == 404


def test_enabled_timers_fire_when_the_clock_says_so_and_others_do_not(project: Path, tmp_path: Path) -> None:
    with running(project, tmp_path / "ready", "--prefork") as cloud:
        invocations = f"{cloud.url}/_local/invocations"

        requests.post(f"{cloud.url}/_local/clock", json={"advance_s": 86_400}, timeout=10).raise_for_status()

        eventually(lambda: requests.get(invocations, timeout=10).json())
        fired = requests.get(invocations, timeout=10).json()
        assert [each["event"]["TriggerName"] for each in fired] == ["nightly"]
        assert fired[0]["event"]["Time"].endswith("T18:00:00Z")


def test_a_gateways_event_has_the_documented_fields(cloud: Running) -> None:
    answer = requests.post(f"{cloud.url}/_local/apigw/http/v1/disks?a=1", data="text", timeout=10)

    event = answer.json()
    assert answer.status_code == 201
    assert set(event["requestContext"]) == {
        "serviceId", "path", "httpMethod", "requestId", "identity", "sourceIp", "stage"
    }  # fmt: skip
    assert (event["path"], event["httpMethod"], event["body"]) == ("/v1/disks", "POST", "text")
    assert event["queryString"] == {"a": "1"}


def test_a_gateway_takes_an_integrated_response_only(cloud: Running) -> None:
    answer = requests.get(f"{cloud.url}/_local/apigw/http/plain", timeout=10)

    assert answer.json()["error"] == "Invalid scf response format. please check your scf response format."


def inject(cloud: Running, kind: str, message: object) -> requests.Response:
    return requests.post(f"{cloud.url}/_local/events/{kind}/echo", json=message, timeout=10)


@pytest.mark.parametrize(
    ("kind", "message", "within"),
    [
        ("ckafka", {"topic": "t", "msgBody": "b"}, ("Records", 0, "Ckafka")),
        ("cmq", {"topicName": "t", "msgBody": "b"}, ("Records", 0, "CMQ")),
        ("eventbus", {"type": "cvm:ErrorEvent:ping_unreachable", "data": {"a": 1}}, ()),
        ("eventbus", [{"id": "1"}], ("EventList", 0)),
    ],
)
def test_a_message_of_another_service_arrives_in_its_shape(
    cloud: Running, kind: str, message: object, within: tuple[str | int, ...]
) -> None:
    request_id = inject(cloud, kind, message).json()["request_id"]

    event = cloud.ended(request_id)["event"]
    for step in within:
        event = event[step]
    said = message[0] if isinstance(message, list) else message
    assert isinstance(said, dict)
    assert event.items() >= said.items()


def test_an_object_put_into_a_bucket_arrives_in_its_shape(cloud: Running) -> None:
    request_id = inject(cloud, "cos", {"bucket": "b", "object": "x.txt", "size": 3}).json()["request_id"]

    (record,) = cloud.ended(request_id)["event"]["Records"]
    assert record["cos"]["cosBucket"] == {"region": "ap-guangzhou", "name": "b", "appid": "1250000001"}
    assert record["cos"]["cosObject"]["key"] == "/1250000001/b/x.txt"
    assert record["event"]["eventName"] == "cos:ObjectCreated:Post"


@pytest.mark.parametrize(("kind", "message"), [("pulsar", {}), ("cmq", {"msgbody": ""}), ("cmq", "text")])
def test_a_message_that_no_service_sends_is_refused(cloud: Running, kind: str, message: object) -> None:
    answer = inject(cloud, kind, message)

    assert answer.status_code == 400


def test_a_moved_clock_brings_the_retries_on(project: Path, tmp_path: Path) -> None:
    with running(project, tmp_path / "ready", "--prefork", "--no-timers") as cloud:
        request_id = cloud.invoke("fail", InvocationType="Event").FunctionRequestId

        for tries in (1, 2):
            eventually(lambda tries=tries: tried(cloud, request_id) == (tries, "retrying"))  # type: ignore[misc]
            requests.post(f"{cloud.url}/_local/clock", json={"advance_s": 60}, timeout=10)

        assert cloud.ended(request_id)["state"] == "dead"


def tried(cloud: Running, request_id: str) -> tuple[int, str]:
    record = cloud.record(request_id)
    return len(record["attempts"]), record["state"]
