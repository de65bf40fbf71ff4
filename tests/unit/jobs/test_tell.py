"""Who is told: one message a pass and address, on change only, and never a false all-clear."""

from __future__ import annotations

from dataclasses import replace

from cbsnap.jobs.tell import beat, tell
from cbsnap.upkeep import Finding, Trouble, Upkeep

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

    tell(OPS, passed(STALE, other), notifier, FakeMemory())

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
    tell(OPS, passed(STALE), notifier, memory)

    tell(OPS, passed(replace(STALE, reason="it is 31 h old")), notifier, memory)

    assert len(notifier.sent) == 1


def test_what_is_over_is_told_once() -> None:
    notifier, memory = FakeNotifier(), FakeMemory()

    for findings in ([STALE], [], []):
        tell(OPS, passed(*findings), notifier, memory)

    assert [title for _, title, _ in notifier.sent] == ["cbsnap prod: 1 open", "cbsnap prod: all is well"]
    assert notifier.sent[-1][2].startswith("Over:\n- stale: disk-a")


def test_a_region_that_cannot_be_read_ends_nothing() -> None:
    notifier, memory = FakeNotifier(), FakeMemory()
    tell(OPS, passed(STALE), notifier, memory)

    tell(OPS, passed(error="it cannot be read"), notifier, memory)
    tell(OPS, passed(STALE), notifier, memory)

    bodies = [body for _, _, body in notifier.sent]
    assert bodies[1] == "New:\n- ap-guangzhou: it cannot be read\nUnchanged: 1"
    assert bodies[2] == "Over:\n- ap-guangzhou: it cannot be read\nUnchanged: 1"


def test_a_policy_without_an_address_is_told_to_nobody_and_a_region_to_everybody() -> None:
    notifier = FakeNotifier()
    region = Finding(Trouble.QUOTA, "ap-guangzhou", "ap-guangzhou", "room for 3 more")

    tell(OPS, passed(replace(STALE, policy="quiet"), region), notifier, FakeMemory())

    (message,) = notifier.sent
    assert "quota" in message[2]
    assert "quiet" not in message[2]


def test_what_could_not_be_told_is_told_the_next_time() -> None:
    notifier, memory = FakeNotifier(deaf=True), FakeMemory()

    failed = tell(OPS, passed(STALE), notifier, memory)
    notifier.deaf = False
    tell(OPS, passed(STALE), notifier, memory)

    assert failed == ["ops could not be told: no answer"]
    assert len(notifier.sent) == 1


def test_a_flood_is_cut_and_counted() -> None:
    notifier = FakeNotifier()

    tell(OPS, passed(*(replace(STALE, subject=f"disk-{n}") for n in range(50))), notifier, FakeMemory())

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
