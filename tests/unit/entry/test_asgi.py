"""The function's HTTP events, as the platform documents them, through the adapter and back."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap.entry import asgi
from cbsnap.errors import InputError

if TYPE_CHECKING:
    from cbsnap.entry.asgi import Message

FUNCTION_URL = {  # 583/96099
    "body": '{"test":"body"}',
    "headers": {"Host": "1250000000-abc.ap-guangzhou.tencentscf.com", "x-scf-remote-addr": "203.0.113.9"},
    "httpMethod": "POST",
    "path": "/v1/disks",
    "queryString": {"region": "ap-guangzhou"},
}
API_GATEWAY = {  # 583/12513
    "requestContext": {
        "serviceId": "service-f94sy04v",
        "path": "/test/{path}",
        "httpMethod": "POST",
        "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "identity": {"secretId": "abdcdxxxxxxxsdfs"},
        "sourceIp": "10.0.2.14",
        "stage": "release",
    },
    "headers": {"accept-Language": "en-US,en,cn", "accept": "text/html", "host": "service-3ei3tii4.example"},
    "body": '{"test":"body"}',
    "pathParameters": {"path": "value"},
    "queryStringParameters": {"foo": "bar"},
    "headerParameters": {"Refer": "10.0.2.14"},
    "stageVariables": {"stage": "release"},
    "path": "/test/value",
    "queryString": {"foo": "bar", "bob": "alice", "flag": True, "many": ["a b", "c&d"]},
    "httpMethod": "POST",
}


async def echo(scope: Message, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
    """Answer with what arrived."""
    body = (await receive())["body"]
    told = {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode(),
        "client": scope["client"][0],
        "host": dict(scope["headers"])[b"host"].decode(errors="replace"),
        "body": body.decode("latin-1"),
    }
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-one", b"1")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def test_a_function_urls_event_arrives_whole() -> None:
    answer = asgi.answer(echo, FUNCTION_URL, "r1")

    assert (answer["statusCode"], answer["headers"], answer["isBase64Encoded"]) == (
        201,
        {"x-one": "1"},
        False,
    )
    assert json.loads(answer["body"]) == {
        "method": "POST",
        "path": "/v1/disks",
        "query": "region=ap-guangzhou",
        "client": "203.0.113.9",
        "host": "1250000000-abc.ap-guangzhou.tencentscf.com",
        "body": '{"test":"body"}',
    }


def test_an_api_gateways_event_arrives_with_strings_booleans_and_lists() -> None:
    told = json.loads(asgi.answer(echo, API_GATEWAY, "r1")["body"])

    assert told["query"] == "foo=bar&bob=alice&flag=true&many=a+b&many=c%26d"
    assert told["client"] == "10.0.2.14"
    assert told["path"] == "/test/value"


def test_a_base64_body_is_decoded() -> None:
    event = {**FUNCTION_URL, "body": base64.b64encode(b"\x00\xff").decode(), "isBase64Encoded": True}

    assert json.loads(asgi.answer(echo, event, "r1")["body"])["body"] == "\x00\xff"


def test_a_call_without_body_headers_or_query_is_served() -> None:
    event = {
        "httpMethod": "GET",
        "path": "/healthz",
        "headers": {"host": "h"},
        "body": None,
        "queryString": None,
    }

    assert json.loads(asgi.answer(echo, event, "r1")["body"])["query"] == ""


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({"Type": "Timer"}, "event"),
        ({**FUNCTION_URL, "path": 7}, "event"),
        ({**FUNCTION_URL, "body": {"not": "text"}}, "event.body"),
        ({**FUNCTION_URL, "body": "***", "isBase64Encoded": True}, "event.body"),
        ({**FUNCTION_URL, "headers": ["no"]}, "event.headers"),
        ({**FUNCTION_URL, "queryString": "a=b"}, "event.queryString"),
    ],
)
def test_what_is_no_http_call_is_refused_by_field(event: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as refused:
        asgi.answer(echo, event, "r1")

    assert refused.value.field == field


def test_behind_a_gateway_the_callers_address_is_not_what_the_caller_says() -> None:
    event = {**API_GATEWAY, "headers": {**API_GATEWAY["headers"], "x-scf-remote-addr": "198.51.100.1"}}  # type: ignore[dict-item] # a payload as it comes

    assert json.loads(asgi.answer(echo, event, "r1")["body"])["client"] == "10.0.2.14"


def test_a_path_is_decoded_once_and_odd_text_does_no_harm() -> None:
    event = {
        **FUNCTION_URL,
        "path": "/v1/runs/manual%4020261122T0200Z%23a%2Fb",
        "headers": {"host": "快照", "x-lone": "\ud800"},
        "queryString": {"q": "\ud800"},
    }

    told = json.loads(asgi.answer(echo, event, "r1")["body"])

    assert told["path"] == "/v1/runs/manual@20261122T0200Z#a/b"
    assert told["query"] == "q=%3F"
