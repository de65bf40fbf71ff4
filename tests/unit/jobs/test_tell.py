"""Who is told: one message a pass and address, on change only, and never a false all-clear."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cbsnap.jobs.tell import EVERY, REMINDED, beat, tell
from cbsnap.model.plan import Wording
from cbsnap.upkeep import Finding, Trouble, Upkeep

from .fakes import NOON
from .shelf import FakeMemory, FakeNotifier, plan, policy

OPS = replace(
    plan(policy(notify="ops"), policy("quiet")), notify={"ops": "json://ops"}, heartbeat="http://beat"
)
STALE = Finding(Trouble.STALE, "ap-guangzhou", "disk-a", "it is 30 h old", "orders")


def passed(*findings: Finding, error: str = "") -> list[Upkeep]:
    return [Upkeep("ap-guangzhou", findings=findings, error=error)]


def test_findings_of_a_pass_come_in_one_message() -> None:
    notifier = FakeNotifier()
    other = replace(STALE, subject="disk-b")

    tell(OPS, passed(STALE, other), notifier, FakeMemory(), NOON)

    assert notifier.sent == [
        (
            "json://ops",
            "cbsnap prod: 2 open",
            (
                "New:\n- stale: disk-a (orders) in ap-guangzhou: it is 30 h old\n"
                "- stale: disk-b (orders) in ap-guangzhou: it is 30 h old"
            ),
        )
    ]


def test_the_same_again_is_no_news_though_its_wording_has_changed() -> None:
    notifier, memory = FakeNotifier(), FakeMemory()
    tell(OPS, passed(STALE), notifier, memory, NOON)

    tell(OPS, passed(replace(STALE, reason="it is 31 h old")), notifier, memory, NOON)

    assert len(notifier.sent) == 1


def test_what_is_over_is_told_once() -> None:
    notifier, memory = FakeNotifier(), FakeMemory()

    for findings in ([STALE], [], []):
        tell(OPS, passed(*findings), notifier, memory, NOON)

    assert [title for _, title, _ in notifier.sent] == ["cbsnap prod: 1 open", "cbsnap prod: all is well"]
    assert notifier.sent[-1][2].startswith("Over:\n- stale: disk-a")


def test_a_region_that_cannot_be_read_ends_nothing() -> None:
    notifier, memory = FakeNotifier(), FakeMemory()
    tell(OPS, passed(STALE), notifier, memory, NOON)

    tell(OPS, passed(error="it cannot be read"), notifier, memory, NOON)
    tell(OPS, passed(STALE), notifier, memory, NOON)

    bodies = [body for _, _, body in notifier.sent]
    assert bodies[1] == "New:\n- ap-guangzhou: it cannot be read\nUnchanged: 1"
    assert bodies[2] == "Over:\n- ap-guangzhou: it cannot be read\nUnchanged: 1"


def test_an_account_that_cannot_be_read_keeps_nothing_open_of_another_in_its_region() -> None:
    notifier, memory = FakeNotifier(), FakeMemory()
    theirs = "ap-guangzhou as qcs::cam::uin/100000000002:roleName/cbsnap"
    own = Upkeep("ap-guangzhou")
    tell(OPS, [own, Upkeep(theirs, findings=(STALE,))], notifier, memory, NOON)

    tell(OPS, [replace(own, error="down"), Upkeep(theirs)], notifier, memory, NOON)

    assert notifier.sent[-1][2] == (
        "New:\n- ap-guangzhou: down\nOver:\n- stale: disk-a (orders) in ap-guangzhou: it is 30 h old"
    )


def test_two_things_wrong_with_one_snapshot_are_both_told() -> None:
    notifier, memory = FakeNotifier(), FakeMemory()
    copy = Finding(Trouble.REFUSED, "ap-guangzhou", "snap-1", "not copied", "orders")
    share = replace(copy, reason="not shared")

    tell(OPS, passed(copy), notifier, memory, NOON)
    tell(OPS, passed(copy, share), notifier, memory, NOON)
    tell(OPS, passed(copy, share), notifier, memory, NOON)

    assert [body.splitlines()[1].rpartition(": ")[2] for _, _, body in notifier.sent] == [
        "not copied",
        "not shared",
    ]


def test_a_policy_without_an_address_is_told_to_nobody_and_a_region_to_everybody() -> None:
    notifier = FakeNotifier()
    region = Finding(Trouble.QUOTA, "ap-guangzhou", "ap-guangzhou", "room for 3 more")

    tell(OPS, passed(replace(STALE, policy="quiet"), region), notifier, FakeMemory(), NOON)

    (message,) = notifier.sent
    assert "quota" in message[2]
    assert "quiet" not in message[2]


def test_what_could_not_be_told_is_told_the_next_time() -> None:
    notifier, memory = FakeNotifier(deaf=True), FakeMemory()

    failed = tell(OPS, passed(STALE), notifier, memory, NOON)
    notifier.deaf = False
    tell(OPS, passed(STALE), notifier, memory, NOON)

    assert failed == ["ops could not be told: no answer"]
    assert len(notifier.sent) == 1


def test_a_flood_is_cut_and_counted() -> None:
    notifier = FakeNotifier()

    tell(OPS, passed(*(replace(STALE, subject=f"disk-{n}") for n in range(50))), notifier, FakeMemory(), NOON)

    lines = notifier.sent[0][2].splitlines()
    assert len(lines) == 42
    assert lines[-1] == "- and 10 more"


def test_only_a_healthy_pass_gives_a_sign_of_life() -> None:
    notifier = FakeNotifier()
    orphan = Finding(Trouble.ORPHAN, "ap-guangzhou", "disk-a", "nothing deletes them", "former")

    beat(OPS, passed(STALE), notifier)
    beat(OPS, passed(error="down"), notifier)
    ill = list(notifier.beats)
    beat(OPS, passed(orphan), notifier)

    assert ill == []
    assert notifier.beats == ["http://beat"]


def test_a_heartbeat_that_fails_is_reported() -> None:
    assert beat(OPS, passed(), FakeNotifier(deaf=True)) == ["the heartbeat could not be sent: no answer"]


def told_at(hours_after: float, finding: Finding) -> bool:
    """Tell whether an instance that remembers nothing tells of a finding, some hours after a reminder."""
    notifier = FakeNotifier()
    tell(OPS, passed(finding), notifier, FakeMemory(), NOON + timedelta(hours=hours_after))
    return bool(notifier.sent)


def test_an_instance_started_anew_does_not_repeat_what_an_earlier_pass_has_told() -> None:
    at = NOON + timedelta(hours=1)

    assert told_at(1, replace(STALE, since=at - timedelta(minutes=5)))
    assert not told_at(1, replace(STALE, since=at - EVERY))
    assert not told_at(1, STALE), "since when is not known"


def test_without_a_memory_what_is_open_is_said_again_every_four_hours() -> None:
    quarters = [EVERY * place for place in range(24 * 4)]

    told = [quarter for quarter in quarters if told_at(quarter / timedelta(hours=1), STALE)]

    assert told == [REMINDED * place for place in range(6)]


def test_what_was_not_repeated_is_remembered_and_its_end_told() -> None:
    notifier, memory, at = FakeNotifier(), FakeMemory(), NOON + timedelta(hours=1)

    tell(OPS, passed(STALE), notifier, memory, at)
    tell(OPS, passed(), notifier, memory, at + EVERY)

    assert [title for _, title, _ in notifier.sent] == ["cbsnap prod: all is well"]


def test_an_address_is_told_in_its_own_words() -> None:
    notifier, memory = FakeNotifier(), FakeMemory()
    wording = Wording(
        title="[{deployment}] {new} neu, {over} vorbei, {open} offen",
        new="Neu:",
        over="Vorbei:",
        unchanged="Sonst {unchanged}",
        line="{subject}/{policy}/{region} {trouble} {{!}} {reason}",
        error="{region} geht nicht: {reason}",
    )
    own = replace(OPS, templates={"ops": wording})
    quota = Finding(Trouble.QUOTA, "ap-guangzhou", "ap-guangzhou", "room for 3 more")

    tell(own, passed(quota), notifier, memory, NOON)
    tell(own, passed(STALE, error="weg"), notifier, memory, NOON)

    assert [(title, body) for _, title, body in notifier.sent] == [
        (
            "[prod] 1 neu, 0 vorbei, 1 offen",
            "Neu:\n- ap-guangzhou/-/ap-guangzhou quota {!} room for 3 more",
        ),
        (
            "[prod] 2 neu, 0 vorbei, 3 offen",
            (
                "Neu:\n- ap-guangzhou geht nicht: weg\n"
                "- disk-a/orders/ap-guangzhou stale {!} it is 30 h old\nSonst 1"
            ),
        ),
    ]
