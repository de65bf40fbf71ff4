"""Looking after the agents on hosts: enrolled, asked, given new keys, upgraded, removed.

One host at a time; who calls goes through several side by side. Each step may be repeated, so that
what was cut off is carried on by doing it again. The agent itself refuses while a lease is held.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.errors import HostRefused, HostUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cbsnap.ports.care import AgentProgram, Caretaker, CommandOutcome
    from cbsnap.ports.hosts import HostStatus, PlanCheck

NO_CHANNEL = (
    "takes no commands: install and start the cloud's automation agent (TAT) on it; public images since "
    "2020-12 bring it"
)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """How a host is to be set up; without `key_version` its agent has no port and needs no key."""

    program: AgentProgram
    configuration: str
    plans: tuple[str, ...]
    disk_ids: tuple[str, ...]
    key_version: int | None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A host whose agent answers, and what each plan still lacks there."""

    status: HostStatus
    checks: dict[str, PlanCheck]


def enrol(host: Caretaker, wanted: Enrolment, tell: Callable[[str], None]) -> Enrolled:
    """Put the agent on a host, with its configuration and its key, and try its plans."""
    _require_channel(host)
    host.stage(wanted.program, tell)
    if wanted.key_version is not None:
        tell(f"key {wanted.key_version}")
        host.hand_over_key(wanted.key_version)
    tell("installing")
    host.replace(wanted.configuration)
    if wanted.key_version is not None:
        tell("signed request")
        host.vouch(wanted.key_version)
    checks = {}
    for plan in wanted.plans:
        tell(f"trying {plan}")
        checks[plan] = host.check(plan, wanted.disk_ids)
    status = host.status()
    host.tidy()
    return Enrolled(status, checks)


def look(host: Caretaker) -> tuple[HostStatus, CommandOutcome | None]:
    """Return what the agent says of itself, and the last command of ours before that."""
    _require_channel(host)
    before = host.latest()
    return host.status(), before


def upgrade(host: Caretaker, program: AgentProgram, tell: Callable[[str], None]) -> HostStatus:
    """Put another version in place of the one that runs, which comes back if the other does not answer."""
    _require_channel(host)
    before = host.status()
    host.stage(program, tell)
    tell(f"{before.version} → {program.version}")
    host.replace(None)
    host.tidy()
    after = host.status()
    if after.version != program.version:
        raise HostRefused("not-done", "", f"version {after.version} answers, not {program.version}")
    return after


def rotate(host: Caretaker, version: int, tell: Callable[[str], None]) -> tuple[str, ...]:
    """Add a version of the host's key, and see that it is answered; return which are valid now."""
    _require_keys(host)
    tell(f"key {version}")
    host.hand_over_key(version)
    tell("signed request")
    host.vouch(version)
    host.tidy()
    return host.status().key_versions


def finish_rotation(host: Caretaker, version: int, tell: Callable[[str], None]) -> tuple[str, ...]:
    """Take out all versions but this one, which must be answered; return which are valid now."""
    others = [one for one in _require_keys(host) if one != str(version)]
    host.vouch(version)
    for one in others:
        tell(f"without key {one}")
        host.drop_key(one)
    return host.status().key_versions


def remove(host: Caretaker) -> list[str]:
    """Take the agent off a host; return what was removed and what stays."""
    _require_channel(host)
    return host.remove()


def _require_channel(host: Caretaker) -> None:
    if not host.reaches():
        raise HostUnreachable(NO_CHANNEL)


def _require_keys(host: Caretaker) -> Sequence[str]:
    _require_channel(host)
    found = host.status().key_versions
    if not found:
        raise HostRefused("no-keys", "", "its agent has no port, and so no key: nothing to change")
    return found
