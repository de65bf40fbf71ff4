"""Other services' events, delivered to the real function in the local cloud, up to the snapshots."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cbsnap.rules import names

if TYPE_CHECKING:
    from .stage import Stage

PING = {"id": "event-1", "source": "cvm.cloud.tencent", "type": "cvm:ErrorEvent:ping_unreachable"}
CALL = {"source": "cbs.cloud.tencent", "type": "cbs:CloudEvent:ApiCall"}


def test_an_ill_hosts_disk_is_taken_once_however_often_the_event_comes(stage: Stage) -> None:
    event = PING | {"subject": "ins-db"}

    (told,), taken = stage.deliver("eventbus", event)
    (again,), nothing = stage.deliver("eventbus", event)

    assert taken["disk-db"]["decision"] == "taken"
    assert taken["disk-db"]["label"] == "application"  # its policy's plan was held
    assert told["rule"] == "host-ill"
    assert nothing == {}
    assert [one["decision"] for one in again["reports"][0]["outcomes"]] == ["already done"]
    assert len(stage.snapshots()) == 1


def test_another_event_soon_after_spares_the_disk(stage: Stage) -> None:
    stage.deliver("eventbus", PING | {"subject": "ins-db"})

    (told,), nothing = stage.deliver("eventbus", PING | {"id": "event-2", "subject": "disk-db"})

    assert nothing == {}
    assert [one["decision"] for one in told["reports"][0]["outcomes"]] == ["spared"]
    assert len(stage.snapshots()) == 1


def test_a_batch_with_a_bad_message_is_dealt_with_and_the_bad_one_told(stage: Stage) -> None:
    batch = [
        PING | {"id": "one", "subject": "disk-idle"},
        PING | {"id": "two", "data": {"a": "x" * 200_000}},
        PING | {"id": "three", "region": "ap-singapore", "subject": "disk-far"},
        PING | {"id": "four", "region": "eu-frankfurt"},
    ]

    reactions, taken = stage.deliver("eventbus", batch)

    assert {disk_id: one["decision"] for disk_id, one in taken.items()} == {
        "disk-idle": "taken",
        "disk-far": "taken",
    }
    assert reactions[1]["event"] == "EventList.1.data.a"
    assert reactions[1]["mistake"].startswith("EventList.1.data.a: the message is over")
    assert reactions[3]["skipped"] == [
        "eu-frankfurt is not looked after; the policy file has ap-guangzhou, ap-singapore"
    ]


def test_a_message_starts_a_policy_and_one_that_says_something_else_does_not(stage: Stage) -> None:
    def message(stage: str, offset: int) -> dict[str, Any]:
        return {"topic": "releases", "offset": offset, "msgBody": json.dumps({"stage": stage})}

    (first, second), taken = stage.deliver("ckafka", [message("build", 7), message("migrate", 8)])

    assert first["skipped"] == ["no rule of the policy file's events matches"]
    assert second["rule"] == "before-release"
    assert list(taken) == ["disk-db"]


def test_an_upload_and_a_queues_message_take_the_disks_that_they_name(stage: Stage) -> None:
    _, by_upload = stage.deliver("cos", {"bucket": "local", "object": "requests/disk-idle"})
    _, by_message = stage.deliver("cmq", {"msgBody": "please take disk-db"})

    assert [*by_upload, *by_message] == ["disk-idle", "disk-db"]


def audited(stage: Stage, number: int, parameters: dict[str, str], client: str = "") -> dict[str, Any]:
    """Deliver what CloudAudit would tell of a call."""
    identity = {"principalId": "100000000009", "accountId": "100000000001", "secretId": "AKIDother"}
    data = {
        "eventName": "CreateSnapshot",
        "userIdentity": identity,
        "userAgent": client,
        "requestParameters": json.dumps(parameters),
    }
    (told,), _ = stage.deliver("eventbus", CALL | {"id": f"call-{number}", "data": data})
    return dict(told)


def test_the_calls_that_we_make_ourselves_are_not_answered_with_more(stage: Stage) -> None:
    stage.deliver("eventbus", PING | {"subject": "disk-idle"})
    (made,) = stage.snapshots()
    assert names.parse(made["name"]) is not None

    by_name = audited(stage, 1, {"DiskId": "disk-idle", "SnapshotName": made["name"]})
    by_client = audited(stage, 2, {"DiskId": "disk-idle"}, client="SDK_PYTHON_3.1.144; cbsnap")

    assert by_name["skipped"] == [f"we caused it ourselves: it made a snapshot of ours, {made['name']}"]
    assert by_client["skipped"] == ["we caused it ourselves: its userAgent is cbsnap"]
    assert len(stage.snapshots()) == 1


def test_a_call_that_somebody_else_makes_is_answered(stage: Stage) -> None:
    told = audited(stage, 1, {"DiskId": "disk-idle", "SnapshotName": "by hand"}, client="SDK_GO_1.0.374")

    assert told["rule"] == "on-call"
    assert [one["disk_id"] for one in told["reports"][0]["outcomes"]] == ["disk-idle"]
    assert len(stage.snapshots()) == 1


def test_events_that_make_no_sense_do_not_fail_the_function(stage: Stage) -> None:
    hostile = [
        PING | {"id": "\ud800"},
        PING | {"data": json.loads("[" * 400 + "]" * 400)},
        PING | {"time": "tomorrow", "subject": "ins-db"},
        PING | {"subject": "\u202e<img src=x>" * 90},
    ]

    reactions, taken = stage.deliver("eventbus", hostile)

    assert [one.get("mistake", "")[:22] for one in reactions] == [
        "EventList.0.id: is not",
        "EventList.1.data: is n",
        "EventList.2.time: tomo",
        "EventList.3.subject: h",
    ]
    assert taken == {}


def test_a_cloud_that_fails_has_the_event_delivered_again_until_it_is_done(stage: Stage) -> None:
    stage.fault("DescribeDisks", "AuthFailure.TokenFailure")

    _, taken = stage.deliver("eventbus", PING | {"subject": "disk-idle"})

    assert taken["disk-idle"]["decision"] == "taken"
    tries = next(one["attempts"] for one in stage.invocations() if one["function"] == "cbsnap-events")
    assert len(tries) == 2
    assert "EventsUnfinished" in json.dumps(tries[0])
