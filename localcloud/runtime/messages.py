"""Events of other services, in their documented shapes: event bus, CKafka, CMQ and COS.

Each takes what a test wants to say and fills in the rest; a field that the shape does not have is refused.
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from localcloud.moments import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localcloud.runtime.function import Key

Fields = dict[str, object]


class MessageError(ValueError):
    """A message that the service could not have sent; the text names the field."""


def event(kind: str, given: object, key: Key, appid: str, now_s: float) -> Fields:
    """Return the event that brings one message, or a list of them, to the function at `key`.

    Raises MessageError for an unknown kind of service and for a field that its messages do not have.
    """
    if kind not in KINDS:
        raise MessageError(f"there is no {kind}; there are {', '.join(KINDS)}")
    messages = given if isinstance(given, list) else [given]
    one, many = KINDS[kind]
    made = [one(_mapping(message), key, appid, now_s) for message in messages]
    return made[0] if kind == "eventbus" and not isinstance(given, list) else {many: made}


def _mapping(message: object) -> Fields:
    if not isinstance(message, dict):
        raise MessageError("a message should be a JSON object")
    return message


def _filled(given: Fields, fields: Fields) -> Fields:
    for name in given:
        if name not in fields:
            raise MessageError(f"{name} is no field of it; there are {', '.join(fields)}")
    return fields | given


def _event_bus(given: Fields, key: Key, _: str, now_s: float) -> Fields:
    """Make a CloudEvent as the event bus delivers it; `time` is in milliseconds."""
    return _filled(
        given,
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": "local.cloud.tencent",
            "type": "local:CloudEvent:ApiCall",
            "subject": f"qcs::scf:{key.region}:uin/{key.uin}:",
            "time": int(now_s * 1000),
            "region": key.region,
            "resource": [],
            "datacontenttype": "application/json;charset=utf-8",
            "tags": {},
            "status": "1",
            "data": {},
        },
    )


def _ckafka(given: Fields, _: Key, __: str, ___: float) -> Fields:
    fields: Fields = {"topic": "local", "partition": 0, "offset": 0, "msgKey": "", "msgBody": ""}
    return {"Ckafka": _filled(given, fields)}


def _cmq(given: Fields, key: Key, appid: str, now_s: float) -> Fields:
    return {
        "CMQ": _filled(
            given,
            {
                "type": "topic",
                "topicOwner": appid,
                "topicName": "local",
                "subscriptionName": key.name,
                "publishTime": utc(now_s),
                "msgId": str(time.time_ns()),
                "requestId": str(uuid.uuid4()),
                "msgBody": "",
                "msgTag": [],
            },
        )
    }


def _cos(given: Fields, key: Key, appid: str, now_s: float) -> Fields:
    """Make the record of an object; what can be said is bucket, object, size, meta and eventName."""
    said = _filled(given, {"bucket": "local", "object": "", "size": 0, "meta": {}, "eventName": CREATED})
    name = f"/{appid}/{said['bucket']}/{said['object']}"
    return {
        "cos": {
            "cosSchemaVersion": "1.0",
            "cosObject": {
                "url": f"http://{said['bucket']}-{appid}.cos.{key.region}.myqcloud.com/{said['object']}",
                "key": name,
                "size": said["size"],
                "meta": said["meta"],
                "vid": "",
            },
            "cosBucket": {"region": key.region, "name": said["bucket"], "appid": appid},
            "cosNotificationId": "local",
        },
        "event": {
            "eventName": said["eventName"],
            "eventVersion": "1.0",
            "eventTime": int(now_s),
            "eventSource": "qcs::cos",
            "requestParameters": {"requestSourceIP": "127.0.0.1", "requestHeaders": {}},
            "eventQueue": f"qcs:0:scf:{key.region}:appid/{appid}:{key.namespace}.{key.name}.$LATEST",
            "reservedInfo": "",
        },
    }


CREATED = "cos:ObjectCreated:Post"
KINDS: Mapping[str, tuple[Callable[[Fields, Key, str, float], Fields], str]] = {
    "eventbus": (_event_bus, "EventList"),
    "ckafka": (_ckafka, "Records"),
    "cmq": (_cmq, "Records"),
    "cos": (_cos, "Records"),
}
