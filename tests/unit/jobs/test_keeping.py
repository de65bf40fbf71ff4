"""The agents on hosts are looked after in an order in which nothing breaks, whatever stops it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from cbsnap.errors import HostError, HostRefused, HostUnreachable, HostUntrusted
from cbsnap.jobs import keeping
from cbsnap.jobs.keeping import Enrolment
from cbsnap.model import AgentProgram
from cbsnap.ports import CommandOutcome, HostStatus, PlanCheck

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OLD, NEW = AgentProgram(b"old", "1.0"), AgentProgram(b"new", "2.0")
LAST = CommandOutcome("inv-1", running=False, exit_code=0, name="cbsnap-tidy")


@dataclass
class FakeCaretaker:
    """A host: which agent runs, which keys it takes; `staged` is what was brought and not yet started."""

    running: AgentProgram | None = OLD
    keys: list[str] = field(default_factory=lambda: ["1"])
    answered: set[str] = field(default_factory=lambda: {"1", "2"})
    online: bool = True
    starts: bool = True
    staged: AgentProgram | None = None
    configuration: str = ""
    log: list[str] = field(default_factory=list)

    def reaches(self) -> bool:
        return self.online

    def stage(self, program: AgentProgram, tell: Callable[[str], None]) -> None:
        tell("part 1 of 1")
        self.log.append("stage")
        self.staged = program

    def replace(self, configuration: str | None) -> None:
        self.log.append("replace")
        self.configuration = configuration or self.configuration
        if self.starts:
            self.running = self.staged

    def hand_over_key(self, version: int) -> None:
        self.log.append(f"key {version}")
        self.keys = [*self.keys, str(version)]

    def drop_key(self, version: str) -> None:
        self.log.append(f"drop {version}")
        self.keys.remove(version)

    def vouch(self, version: int) -> None:
        self.log.append(f"vouch {version}")
        if str(version) not in self.answered & set(self.keys):
            raise HostUntrusted("not signed")

    def status(self) -> HostStatus:
        if self.running is None:
            raise HostUnreachable("no agent answers")
        self.log.append("status")
        return HostStatus(self.running.version, ("orders",), paused=False, key_versions=tuple(self.keys))

    def check(self, plan: str, disk_ids: Sequence[str]) -> PlanCheck:
        return PlanCheck(frozenset(disk_ids), (f"{plan} wants RELOAD",), "application")

    def remove(self) -> list[str]:
        self.running = None
        return ["removed /opt/cbsnap-agent"]

    def tidy(self) -> None:
        self.log.append("tidy")
        self.staged = None

    def latest(self) -> CommandOutcome | None:
        self.log.append("latest")
        return LAST


def quiet(_line: str) -> None:
    """Tell nobody."""


def enrolment(key_version: int | None = 1) -> Enrolment:
    return Enrolment(NEW, "[agent]\n", ("orders",), ("disk-a",), key_version)


def test_a_new_host_has_its_key_before_it_starts_and_is_vouched_for_before_its_plans_are_tried() -> None:
    host = FakeCaretaker(running=None, keys=[])

    done = keeping.enrol(host, enrolment(), quiet)

    assert host.log == ["stage", "key 1", "replace", "vouch 1", "status", "tidy"]
    assert (done.status.version, done.checks["orders"].problems) == ("2.0", ("orders wants RELOAD",))


def test_a_host_without_a_port_gets_no_key() -> None:
    host = FakeCaretaker(running=None, keys=[])

    keeping.enrol(host, enrolment(key_version=None), quiet)

    assert host.log == ["stage", "replace", "status", "tidy"]
    assert host.keys == []


STEPS: list[Callable[[FakeCaretaker], object]] = [
    lambda host: keeping.enrol(host, enrolment(), quiet),
    keeping.look,
    lambda host: keeping.upgrade(host, NEW, quiet),
    lambda host: keeping.rotate(host, 2, quiet),
    lambda host: keeping.finish_rotation(host, 1, quiet),
    keeping.remove,
]


@pytest.mark.parametrize("step", STEPS)
def test_a_host_that_takes_no_commands_is_told_with_the_cure(step: Callable[[FakeCaretaker], object]) -> None:
    host = FakeCaretaker(online=False)

    with pytest.raises(HostUnreachable, match=r"install and start .* \(TAT\)"):
        step(host)

    assert host.log == []


def test_the_last_command_is_that_before_asking() -> None:
    host = FakeCaretaker()

    _, last = keeping.look(host)

    assert (last, host.log) == (LAST, ["latest", "status"])


def test_an_upgrade_is_done_when_the_new_version_answers() -> None:
    host = FakeCaretaker()

    after = keeping.upgrade(host, NEW, quiet)

    assert (after.version, host.staged) == ("2.0", None)


def test_an_upgrade_after_which_the_old_version_answers_has_failed() -> None:
    with pytest.raises(HostRefused, match=r"1\.0 answers, not 2\.0"):
        keeping.upgrade(FakeCaretaker(starts=False), NEW, quiet)


def test_a_host_without_an_agent_is_enrolled_not_upgraded() -> None:
    host = FakeCaretaker(running=None)

    with pytest.raises(HostUnreachable):
        keeping.upgrade(host, NEW, quiet)

    assert "stage" not in host.log


def test_both_keys_are_valid_until_the_rotation_is_finished() -> None:
    host = FakeCaretaker()

    both = keeping.rotate(host, 2, quiet)
    one = keeping.finish_rotation(host, 2, quiet)

    assert (both, one) == (("1", "2"), ("2",))


def test_no_key_is_taken_out_while_the_one_that_stays_is_not_answered() -> None:
    host = FakeCaretaker(keys=["1", "2"], answered={"1"})

    with pytest.raises(HostUntrusted):
        keeping.finish_rotation(host, 2, quiet)

    assert host.keys == ["1", "2"]


@pytest.mark.parametrize("step", [keeping.rotate, keeping.finish_rotation])
def test_a_host_without_keys_has_none_to_change(step: Callable[..., object]) -> None:
    host = FakeCaretaker(keys=[])

    with pytest.raises(HostError, match="no port"):
        step(host, 2, quiet)

    assert host.keys == []


def test_what_was_removed_is_told() -> None:
    assert keeping.remove(FakeCaretaker()) == ["removed /opt/cbsnap-agent"]
