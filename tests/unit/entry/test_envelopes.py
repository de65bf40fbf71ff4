"""Every documented shape becomes the same kind of event; what cannot be read is told by its place."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from cbsnap.entry.bounded import DEEPEST, MOST_BYTES
from cbsnap.entry.envelopes import happenings
from cbsnap.errors import InputError
from cbsnap.model.events import Actor, Happening
from hypothesis import given, settings
from hypothesis import strategies as st

PING: dict[str, Any] = {
    "specversion": "1.0",
    "id": "13a3f42d-7258-4ada-da6d-023a333b4662",
    "source": "cvm.cloud.tencent",
    "type": "cvm:ErrorEvent:ping_unreachable",
    "subject": "ins-1a2b3c4d",
    "time": 1615430559146,
    "region": "ap-guangzhou",
    "resource": ["qcs::eb:ap-guangzhou:uid1250000000:eventbusid/eventruleid"],
    "datacontenttype": "application/json;charset=utf-8",
    "tags": {"app": "orders"},
    "status": "1",
    "data": {"appId": "1250000000", "dimensions": {"ip": "10.0.0.1"}},
}
CALL: dict[str, Any] = {
    "userIdentity": {"principalId": "100000000001", "accountId": "100000000001", "secretId": "AKIDx"},
    "userAgent": "SDK_GO_1.0.374",
    "eventName": "CreateSnapshot",
    "requestParameters": json.dumps({"DiskId": "disk-1a2b3c4d"}),
}
NEW_YEAR = datetime(2021, 3, 11, 2, 42, 39, 146000, tzinfo=timezone.utc)


def read(event: object) -> Happening:
    (one,) = happenings(event)
    assert isinstance(one, Happening), one
    return one


def wrong(event: object) -> InputError:
    (one,) = happenings(event)
    assert isinstance(one, InputError), one
    return one


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def test_an_event_of_the_bus_is_read() -> None:
    assert read(PING) == Happening(
        id="13a3f42d-7258-4ada-da6d-023a333b4662",
        source="cvm.cloud.tencent",
        type="cvm:ErrorEvent:ping_unreachable",
        subject="ins-1a2b3c4d",
        time=NEW_YEAR,
        region="ap-guangzhou",
        tags={"app": "orders"},
        data={"appId": "1250000000", "dimensions": {"ip": "10.0.0.1"}},
    )


@pytest.mark.parametrize(
    "time", ["1615430559146", "2021-03-11T02:42:39.146Z", "2021-03-11T10:42:39.146+08:00"]
)
@pytest.mark.parametrize("version", ["0", "1.0.2"])
def test_the_buss_other_spellings_mean_the_same(time: str, version: str) -> None:
    spelled = {key: value for key, value in PING.items() if key != "subject"}

    assert read({**spelled, "subjuect": "ins-1a2b3c4d", "time": time, "specversion": version}) == read(PING)


def test_a_time_without_a_zone_is_utc() -> None:
    assert read({**PING, "time": "2021-03-11T02:42:39.146"}).time == NEW_YEAR


@pytest.mark.parametrize("batch", [{"EventList": [PING, CALL | PING]}, [PING, PING]])
def test_a_batch_of_the_bus_is_read_in_order(batch: object) -> None:
    assert [type(one) for one in happenings(batch)] == [Happening, Happening]


def test_only_id_source_and_type_are_needed() -> None:
    least = read({"id": "1", "source": "mine", "type": "mine:t"})

    assert (least.subject, least.time, least.region, least.tags, least.data) == ("", None, "", {}, {})


def test_data_that_is_text_is_read_as_json_or_kept_whole() -> None:
    assert read({**PING, "data": '{"disk": "disk-1"}'}).data == {"disk": "disk-1"}
    assert read({**PING, "data": "plain"}).data == {"body": "plain"}
    assert read({**PING, "data": [1]}).data == {"body": [1]}


def test_who_called_is_read_of_an_audit_event_only() -> None:
    audited = read({**PING, "type": "cbs:CloudEvent:ApiCall", "data": CALL})

    assert audited.actor == Actor("100000000001", "AKIDx", "SDK_GO_1.0.374")
    assert audited.data["requestParameters"] == {"DiskId": "disk-1a2b3c4d"}
    assert read({**PING, "data": CALL}).actor is None


def test_a_message_of_ckafka_is_read() -> None:
    record = {"topic": "news", "partition": 1, "offset": 36, "msgKey": "", "msgBody": '{"disk": "disk-1"}'}

    one = read({"Records": [{"Ckafka": record}]})

    assert (one.source, one.type, one.subject) == ("ckafka", "ckafka:message", "news")
    assert one.data == {"disk": "disk-1"}


def test_a_message_of_cmq_is_read() -> None:
    record = {
        "type": "topic",
        "topicOwner": 120,
        "topicName": "news",
        "subscriptionName": "sub",
        "publishTime": "2021-03-11T02:42:39.146Z",
        "msgId": "123345346",
        "requestId": "123345346",
        "msgBody": "hello",
        "msgTag": ["a", "b"],
    }

    one = read({"Records": [{"CMQ": record}]})

    assert (one.source, one.type, one.subject, one.time) == ("cmq", "cmq:message", "news", NEW_YEAR)
    assert (one.data, one.tags) == ({"body": "hello"}, {"a": "", "b": ""})


def test_an_upload_to_cos_is_read() -> None:
    record = {
        "cos": {
            "cosObject": {"key": "/1250000001/b/requests/disk-1a2b3c4d", "size": 3, "meta": {}, "url": "u"}
        },
        "event": {"eventName": "cos:ObjectCreated:Put", "eventTime": 1615430559},
    }

    one = read({"Records": [record]})

    assert (one.source, one.type, one.subject) == ("cos", "cos:ObjectCreated:Put", "b/requests/disk-1a2b3c4d")
    assert one.time == NEW_YEAR.replace(microsecond=0)
    assert one.data["cos"] == record["cos"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"topic": "t", "partition": 0, "offset": 1}, {"topic": "t", "partition": 0, "offset": 2}),
        ({"topic": "t", "partition": 0, "offset": 1}, {"topic": "t", "partition": 1, "offset": 1}),
        ({"topic": "t", "partition": 0, "offset": 1}, {"topic": "u", "partition": 0, "offset": 1}),
    ],
)
def test_a_message_without_an_id_gets_the_same_at_each_delivery(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    def made(place: dict[str, Any]) -> str:
        return read({"Records": [{"Ckafka": {**place, "msgBody": "b"}}]}).id

    assert made(first) == made(dict(first))
    assert made(first) != made(second)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (None, "must be a JSON object, not NoneType"),
        ({}, "type: is missing"),
        ({"EventList": 1}, "EventList: must be a list of messages"),
        ({"Records": {}}, "Records: must be a list of messages"),
        ({"EventList": [5]}, "EventList.0: must be a JSON object, not int"),
        ({"Records": [{"Kinesis": {}}]}, "Records.0: has none of Ckafka, CMQ, cos"),
        ({"Records": [{"Ckafka": None}]}, "Records.0.Ckafka: must be a JSON object, not NoneType"),
        ({"Records": [{"Ckafka": {"topic": "t"}}]}, "Records.0.Ckafka.msgBody: is missing"),
        ({"Records": [{"cos": {}}]}, "Records.0.event: must be a JSON object"),
        ({**PING, "id": ""}, "id: must be 1 to 100 printable"),
        ({**PING, "id": "é"}, "id: must be 1 to 100 printable"),
        ({**PING, "id": 7}, "id: must be text"),
        ({**PING, "type": "t" * 1025}, "type: has 1025 characters, 1024 at most"),
        ({**PING, "tags": [1]}, "tags: must be a JSON object, not list"),
        ({**PING, "time": True}, "time: bool is no time"),
        ({**PING, "time": "soon"}, "time: soon is no time"),
        ({**PING, "time": 10**40}, "time: int is no time"),
        ({**PING, "data": {"a": "\ud800"}}, "data.a: is not Unicode text, at character 0"),
        (
            {**PING, "data": {"a": {"b": "x" * MOST_BYTES}}},
            f"data.a.b: the message is over {MOST_BYTES} bytes",
        ),
        ({**PING, "data": {"a": [0] * MOST_BYTES}}, f"the message is over {MOST_BYTES} bytes here"),
        ({**PING, "data": {"a": nested(DEEPEST)}}, f"data.a.0: is nested deeper than {DEEPEST} levels"),
        ({**PING, "data": {"a": nested(900)}}, "data.a.0: is nested deeper"),
        ({**PING, "data": "[" * 100_000}, "data: is nested deeper"),
        ({"EventList": [{**PING, "data": "\udfff"}]}, "EventList.0.data: is not Unicode text"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_place(event: object, told: str) -> None:
    assert told in str(wrong(event))


def test_one_bad_message_does_not_stop_its_batch() -> None:
    first, second, third = happenings({"EventList": [PING, {**PING, "id": None}, {**PING, "id": "3"}]})

    assert isinstance(first, Happening)
    assert isinstance(second, InputError)
    assert second.field == "EventList.1.id"
    assert isinstance(third, Happening)


def test_what_is_as_deep_as_it_may_be_is_read() -> None:
    assert read({**PING, "data": {"a": nested(DEEPEST - 2)}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
MESSAGES = st.one_of(
    JSON,
    st.fixed_dictionaries({}, optional={key: JSON | st.just(value) for key, value in PING.items()}),
    st.fixed_dictionaries({"Ckafka": st.fixed_dictionaries({"topic": JSON, "msgBody": JSON | st.text()})}),
    st.fixed_dictionaries({"CMQ": JSON}),
    st.fixed_dictionaries({"cos": JSON, "event": JSON}),
)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        JSON,
        MESSAGES,
        st.fixed_dictionaries({"EventList": st.lists(MESSAGES, max_size=3)}),
        st.fixed_dictionaries({"Records": st.lists(MESSAGES, max_size=3)}),
    )
)
def test_anything_is_read_or_told_and_nothing_raises(event: object) -> None:
    for one in happenings(event):
        assert isinstance(one, (Happening, InputError))
        assert str(one).isprintable()
