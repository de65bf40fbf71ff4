"""Any JSON as a function's event: dealt with, or one InputError that names what is wrong."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap import wire
from cbsnap.entry import asgi, envelopes, events
from cbsnap.errors import InputError
from cbsnap.model import Batch, EventRule, Group, Happening, Quiesce, Run, Target
from cbsnap.rules import eventrules
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.effort import effort
from tests.fuzz.json_values import ANY, nearly

if TYPE_CHECKING:
    from collections.abc import MutableMapping

PING = {
    "specversion": "1.0", "id": "1", "source": "cvm.cloud.tencent", "type": "cvm:ErrorEvent:ping_unreachable",
    "subject": "ins-1", "time": 1_763_776_800_000, "region": "ap-guangzhou", "tags": {"a": "b"},
    "data": {"userIdentity": {"principalId": "1", "secretId": "AKID"},
    "requestParameters": '{"DiskId": "disk-1"}'},
}  # fmt: skip
AUDIT = {**PING, "type": "cbs:CloudEvent:ApiCall"}
KAFKA = {
    "Records": [{"Ckafka": {"topic": "t", "partition": 1, "offset": 2, "msgKey": "", "msgBody": '{"a": 1}'}}]
}
QUEUE = {
    "Records": [{"CMQ": {"topicName": "t", "msgId": "1", "publishTime": "1970-01-01T00:00:00Z",
    "msgBody": "x", "msgTag": ["a"]}}]
}  # fmt: skip
STORED = {
    "Records": [
        {
            "cos": {"cosObject": {"key": "/1/b/k", "vid": "", "size": 1}, "cosBucket": {"name": "b"}},
            "event": {"eventName": "cos:ObjectCreated:Put", "eventTime": 1_763_776_800},
        }
    ]
}
BUS: list[Any] = [PING, AUDIT, KAFKA, QUEUE, STORED, {"EventList": [PING, AUDIT]}, [PING]]
URL = {
    "httpMethod": "POST", "path": "/v1/snapshots", "headers": {"Content-Type": "application/json"},
    "queryString": {"a": ["b", True]}, "body": '{"disk_ids": ["disk-a"]}', "isBase64Encoded": False,
}  # fmt: skip
GATEWAY = {
    **URL, "requestContext": {"sourceIp": "1.2.3.4", "stage": "release"}, "queryStringParameters": {"a": "b"},
    "pathParameters": {}, "body": "e30=", "isBase64Encoded": True,
}  # fmt: skip
DUE = datetime(2026, 11, 22, 2, tzinfo=timezone.utc)
BATCH: Any = json.loads(
    wire.batch_text(
        Batch(
            run=Run("orders-db", DUE),
            deployment="prod",
            target=Target("ap-guangzhou"),
            groups=(Group("ins-1", ("disk-a", "disk-b")),),
            not_after=DUE + timedelta(minutes=10),
            deliver_by=DUE + timedelta(minutes=5),
            quiesce=Quiesce("mysql"),
        )
    )
)
ERRANDS: list[Any] = [
    {"cbsnap": "drill", "policy": "orders-db"}, {"cbsnap": "restore"}, {"cbsnap": "settle", "region": "x",
    "role": None},
]  # fmt: skip
RULE = EventRule(
    name="all",
    type=("*",),
    data={"requestParameters.DiskId": ("disk-*",), "a.b": ("*",)},
    disks=("subject", "data"),
)


@effort(120)
@given(st.sampled_from(BUS).flatmap(nearly) | ANY)
@example({"\n\x1f": "\ud800"})  # a message of two lines
def test_what_other_services_tell_is_read_and_judged_or_refused(event: object) -> None:
    for one in envelopes.happenings(event):
        if isinstance(one, InputError):
            assert str(one).isprintable()
            continue
        assert isinstance(one, Happening)
        assert isinstance(eventrules.meets(one, RULE), bool)
        disks, instances = eventrules.named(one, RULE.disks)
        assert all(disk.startswith("disk-") for disk in disks)
        assert all(instance.startswith("ins-") for instance in instances)
        assert isinstance(eventrules.caused_by_us(one, "role", "AKID"), str)


async def echo(_scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
    """Send the body back."""
    came = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"\xff")]})
    await send({"type": "http.response.body", "body": came["body"]})


@effort(200)
@given(st.sampled_from([URL, GATEWAY]).flatmap(nearly) | ANY)
@example({**GATEWAY, "body": "é"})  # no ASCII: an error of the interpreter's
@example([])  # the same, as all that is no object
def test_an_http_call_is_answered_or_refused(event: Any) -> None:  # noqa: ANN401 - JSON
    try:
        answer = asgi.answer(echo, event, "request")
    except InputError as refused:
        assert refused.field.startswith("event")  # noqa: PT017 - it is answered, or this
        return

    assert answer["statusCode"] == 200
    json.dumps(answer)


@effort(200)
@given(nearly(BATCH) | st.sampled_from(ERRANDS).flatmap(nearly) | ANY)
@example([])
@example("cbsnap")
@example({**BATCH, "groups": [{"id": "ins-1", "disk_ids": []}]})
def test_a_batch_or_an_errand_is_read_whole_or_refused(event: Any) -> None:  # noqa: ANN401 - JSON
    try:
        found = wire.errand(event) if isinstance(event, dict) and wire.ERRAND in event else wire.batch(event)
    except InputError as refused:
        assert refused.field  # noqa: PT017 - it is read, or this
        return

    if isinstance(found, Batch):
        assert wire.batch(json.loads(wire.batch_text(found))) == found


@pytest.mark.parametrize("event", [None, [], "cbsnap", 1, True])
def test_what_is_no_object_is_refused_by_every_function(event: Any) -> None:  # noqa: ANN401 - JSON
    context = {"request_id": "1", "time_limit_in_ms": 1000}

    for function in (events.schedule, events.snapshot, events.maintain):
        with pytest.raises(InputError, match="must be a JSON object"):
            function(event, context)
