"""The client by command against a scripted channel: what it sends, what it believes, how long that lasts."""

from __future__ import annotations

import base64
import json
import shlex
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap.errors import AlreadyTaken, CloudError, HostBusy, HostUnreachable, HostUntrusted, OutcomeUnknown
from cbsnap.hosts.channel import TOLD, Channel
from cbsnap.hosts.errand import ARRIVAL_S, POLL_S
from cbsnap.ports import CommandOutcome, LeaseRequest

from tests.unit.jobs.fakes import NOON, FakeClock

if TYPE_CHECKING:
    from collections.abc import Mapping

LOST = OutcomeUnknown("ClientNetworkError", "no answer")
REQUEST = LeaseRequest("0" * 32, "run/group", "mysql", ("disk-a",), 60, 5_000)
RECORD: dict[str, Any] = {
    "lease_id": "0" * 32,
    "state": "HELD",
    "verdict": None,
    "covers": [],
    "ttl_left_ms": 60_000,
}


def line(status: int, body: Mapping[str, Any]) -> str:
    """Return what the agent prints."""
    answer = {"status": status, "headers": {}, "body": json.dumps(body)}
    return "cbsnap-answer " + base64.b64encode(zlib.compress(json.dumps(answer).encode())).decode()


@dataclass
class FakeCommands:
    """A command channel: `sending` goes wrong first, then each command runs for `looks` looks and prints."""

    prints: str
    looks: int = 0
    sending: list[CloudError] = field(default_factory=list)
    exit_code: int = 0
    clock: FakeClock = field(default_factory=FakeClock)
    sending_s: float = 0.0
    sent: list[str] = field(default_factory=list)

    def reaches(self, instance_id: str) -> bool:
        return bool(instance_id)

    def run(self, instance_id: str, script: str, timeout_s: int, name: str) -> str:
        assert (instance_id, name) == ("ins-1", "cbsnap-ask")
        assert timeout_s > 0
        self.sent.append(script)
        self.clock.sleep(self.sending_s)
        if self.sending:
            raise self.sending.pop(0)
        return f"inv-{len(self.sent)}"

    def outcome(self, invocation_id: str) -> CommandOutcome:
        if self.looks:
            self.looks -= 1
            return CommandOutcome(invocation_id, running=True)
        return CommandOutcome(invocation_id, running=False, exit_code=self.exit_code, output=self.prints)

    def named(self, instance_id: str, name: str) -> list[CommandOutcome]:
        raise NotImplementedError

    def latest(self, instance_id: str, prefix: str) -> CommandOutcome | None:
        raise NotImplementedError


def channel(commands: FakeCommands) -> Channel:
    return Channel("ins-1", commands, commands.clock)


def test_a_lease_may_not_be_asked_for_after_its_time_of_delivery() -> None:
    commands = FakeCommands(line(201, RECORD))

    channel(commands).lease(REQUEST)

    words = shlex.split(commands.sent[0])
    body = json.loads(words[-1])
    assert words[words.index("--not-after") + 1] == str(int(NOON.timestamp() + ARRIVAL_S))
    assert (body["lease_id"], body["disks"], body["ttl_s"]) == ("0" * 32, ["disk-a"], 60)


def test_what_may_have_passed_unseen_is_taken_off_the_lease() -> None:
    commands = FakeCommands(line(201, RECORD), looks=3)

    record = channel(commands).lease(REQUEST)

    assert record.ttl_left_ms == 60_000 - round(POLL_S * 1000)


def test_a_host_may_have_been_held_since_its_command_was_given() -> None:
    commands = FakeCommands(line(201, RECORD), sending_s=7)

    record = channel(commands).lease(REQUEST)

    assert record.ttl_left_ms == 53_000


def test_every_record_says_that_nobody_signed_it() -> None:
    ended = {**RECORD, "state": "RELEASED", "verdict": "whole", "caveats": ["not locked into memory"]}
    host = channel(FakeCommands(line(200, ended)))
    journal = channel(FakeCommands(line(200, {"leases": [ended]})))

    record, (kept,) = host.release("0" * 32, {}), journal.of_snapshot("snap-1")

    assert record.whole
    assert record.caveats == kept.caveats == ("not locked into memory", TOLD)


def test_a_release_may_come_however_late() -> None:
    commands = FakeCommands(line(200, {**RECORD, "caveats": []}))

    channel(commands).release("0" * 32, {"disk-a": "snap-1"})

    assert "--not-after" not in commands.sent[0]
    assert json.loads(shlex.split(commands.sent[0])[-1]) == {"answered": {"disk-a": "snap-1"}}


def test_a_command_whose_answer_was_lost_is_sent_again_word_for_word() -> None:
    commands = FakeCommands(line(201, RECORD), sending=[LOST, LOST])

    record = channel(commands).lease(REQUEST)

    assert record.held
    assert (len(commands.sent), len(set(commands.sent))) == (3, 1)


@pytest.mark.parametrize(
    "sending", [[LOST] * 3, [CloudError("ResourceUnavailable.AgentNotInstalled", "no agent")]]
)
def test_a_host_that_no_command_reaches_is_unreachable(sending: list[CloudError]) -> None:
    with pytest.raises(HostUnreachable, match="no command reaches ins-1"):
        channel(FakeCommands("", sending=sending)).check("mysql", ["disk-a"])


def test_a_command_that_does_not_end_is_given_up() -> None:
    with pytest.raises(HostUnreachable, match="did not answer in time"):
        channel(FakeCommands("", looks=10_000)).check("mysql", ["disk-a"])


@pytest.mark.parametrize(("status", "code"), [(408, "late"), (503, "no-agent")])
def test_where_nothing_was_asked_the_host_is_unreachable(status: int, code: str) -> None:
    commands = FakeCommands(line(status, {"code": code, "message": "nothing was asked"}))

    with pytest.raises(HostUnreachable, match="nothing was asked"):
        channel(commands).lease(REQUEST)


def test_refusals_mean_what_they_mean_at_the_port() -> None:
    busy = {"code": "busy", "message": "another lease is HELD", "retry_after_ms": 700}
    taken = {"code": "already-taken", "message": "there", "answered": {"disk-a": "snap-1"}}

    with pytest.raises(HostBusy) as waits:
        channel(FakeCommands(line(409, busy))).lease(REQUEST)
    with pytest.raises(AlreadyTaken) as there:
        channel(FakeCommands(line(409, taken))).lease(REQUEST)

    assert (waits.value.retry_after_ms, there.value.answered) == (700, {"disk-a": "snap-1"})


def test_an_answer_that_was_cut_off_proves_nothing() -> None:
    whole = line(201, {**RECORD, "positions": {"gtid": "0-1-" * 50}})

    with pytest.raises(HostUntrusted, match="cut off"):
        channel(FakeCommands(whole[:-20])).lease(REQUEST)


def test_a_host_without_the_agent_is_told_with_the_cure() -> None:
    commands = FakeCommands("sh: 1: exec: cbsnap-agent.pyz: not found", exit_code=127)

    with pytest.raises(HostUnreachable, match=r"127.*not found.*cbsnap hosts enrol"):
        channel(commands).check("mysql", ["disk-a"])


def test_what_others_print_before_the_answer_does_no_harm() -> None:
    commands = FakeCommands("Welcome!\n" + line(201, RECORD) + "\n")

    assert channel(commands).lease(REQUEST).held
