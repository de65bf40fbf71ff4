"""Which events meet a rule, what they name, and which were caused by ourselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from cbsnap.model.events import Actor, Happening
from cbsnap.model.plan import EventRule
from cbsnap.model.runs import Run
from cbsnap.rules.eventrules import caused_by_us, matches, meets, named
from cbsnap.rules.names import snapshot_name

PING = Happening(
    id="1",
    source="cvm.cloud.tencent",
    type="cvm:ErrorEvent:ping_unreachable",
    subject="qcs::cvm:ap-guangzhou:uin/100:instance/ins-1a2b",
    tags={"app": "orders", "red": ""},
    data={
        "eventName": "Migrate",
        "count": 3,
        "live": True,
        "none": None,
        "of": [{"id": "disk-a"}, {"id": 5}],
    },
)
OURS = snapshot_name(Run("daily", datetime(2026, 1, 1, tzinfo=timezone.utc)), "disk-1a2b")


@pytest.mark.parametrize(
    "rule",
    [
        EventRule("r"),
        EventRule("r", source=("cvm.cloud.tencent",)),
        EventRule("r", type=("cdb:*", "cvm:ErrorEvent:*")),
        EventRule("r", subject=("*instance/ins-*",)),
        EventRule("r", tags={"app": ("or*",), "red": ("*",)}),
        EventRule("r", data={"eventName": ("Migrate",), "count": ("3",), "live": ("true",)}),
        EventRule("r", data={"of.id": ("disk-*",)}),
        EventRule("r", data={"of.id": ("5",)}),
    ],
)
def test_a_rule_is_met_when_all_its_conditions_hold(rule: EventRule) -> None:
    assert meets(PING, rule)


@pytest.mark.parametrize(
    "rule",
    [
        EventRule("r", source=("cvm",)),
        EventRule("r", type=("cvm:ErrorEvent",)),
        EventRule("r", type=("cvm:*",), subject=("ins-*",)),
        EventRule("r", tags={"app": ("web",)}),
        EventRule("r", tags={"tier": ("*",)}),
        EventRule("r", data={"eventName": ("migrate",)}),
        EventRule("r", data={"missing": ("*",)}),
        EventRule("r", data={"none": ("*",)}),
        EventRule("r", data={"of": ("*",)}),
        EventRule("r", data={"eventName.deeper": ("*",)}),
    ],
)
def test_a_rule_is_not_met_when_one_condition_fails(rule: EventRule) -> None:
    assert not meets(PING, rule)


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("", "", True),
        ("*", "", True),
        ("a*", "a", True),
        ("a*a", "a", False),
        ("a*b*c", "a--b--c", True),
        ("a*b*c", "a--c--b", False),
        ("*ab", "aab", True),
        ("a.c", "abc", False),
        ("a?c", "abc", False),
        ("[a]*", "[a]b", True),
    ],
)
def test_a_star_stands_for_any_text_and_nothing_else_for_another(
    pattern: str, text: str, answer: object
) -> None:
    assert matches(pattern, text) is answer


def test_named_are_the_disks_and_instances_of_the_fields_only() -> None:
    assert named(PING, ["subject"]) == ([], ["ins-1a2b"])
    assert named(PING, ["data.of.id", "subject"]) == (["disk-a"], ["ins-1a2b"])
    assert named(PING, ["data"]) == (["disk-a"], [])
    assert named(PING, ["data.eventName"]) == ([], [])


def test_an_id_is_not_read_out_of_a_longer_word() -> None:
    event = replace(PING, subject="mydisk-a xdisk-b disk-c-d disk-e,ins-f disk-e")

    assert named(event, ["subject"]) == (["disk-e"], ["ins-f"])


@pytest.mark.parametrize(
    ("actor", "told"),
    [
        (Actor(client="SDK_PYTHON_3.1.144; cbsnap"), "its userAgent is cbsnap"),
        (Actor(principal="4611686018427397919"), "our own role 4611686018427397919 called"),
        (Actor(principal="4611686018427397919:scf"), "our own role 4611686018427397919 called"),
        (Actor("1", "AKIDown"), "our own key called"),
    ],
)
def test_a_call_of_ours_is_known_by_client_role_and_key(actor: Actor, told: str) -> None:
    assert caused_by_us(replace(PING, actor=actor), "4611686018427397919", "AKIDown") == told


def test_a_snapshot_of_ours_is_known_by_its_name_whoever_called() -> None:
    audited = replace(PING, actor=Actor("1", "AKIDother"), data={"requestParameters": {"SnapshotName": OURS}})

    assert caused_by_us(audited, "", "") == f"it made a snapshot of ours, {OURS}"


@pytest.mark.parametrize(
    "event",
    [
        replace(PING, data={"requestParameters": {"SnapshotName": OURS}}),
        replace(PING, actor=Actor("", "", "cbsnap-like")),
        replace(PING, actor=Actor("46116860184273979190", "AKIDowner")),
        replace(PING, actor=Actor(), data={"requestParameters": {"SnapshotName": "before-upgrade"}}),
    ],
)
def test_what_others_did_is_not_taken_for_ours(event: Happening) -> None:
    assert not caused_by_us(event, "4611686018427397919", "AKIDown")


def test_nobody_is_taken_for_us_while_we_do_not_know_who_we_are() -> None:
    assert not caused_by_us(replace(PING, actor=Actor()), "", "")


def test_a_hostile_text_is_matched_in_linear_time() -> None:
    # What goes back over the text would take hours.
    assert not matches("*a" * 40 + "*b", "a" * 200_000)
