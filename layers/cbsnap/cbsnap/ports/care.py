"""How the agent comes to a host and goes, and the command channel that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cbsnap.ports.hosts import HostStatus, PlanCheck


@dataclass(frozen=True, slots=True)
class AgentProgram:
    """The agent in one file, and the version that it says it is."""

    content: bytes
    version: str


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """What became of one command; `error` says why it did not run to its end, `at` when it was given, UTC."""

    invocation_id: str
    running: bool
    exit_code: int | None = None
    output: str = ""
    error: str = ""
    name: str = ""
    at: str = ""


class Commands(Protocol):
    """The cloud's command channel to one region's instances, where no port need be open."""

    def reaches(self, instance_id: str) -> bool:
        """Tell whether the instance takes commands now."""

    def run(self, instance_id: str, script: str, timeout_s: int, name: str) -> str:
        """Start a shell script as root and return the invocation's id. Raises OutcomeUnknown."""

    def outcome(self, invocation_id: str) -> CommandOutcome | None:
        """Return what became of an invocation; None where the cloud knows it not."""

    def named(self, instance_id: str, name: str) -> list[CommandOutcome]:
        """Return what became of the instance's commands of this name, as far as the cloud remembers."""

    def latest(self, instance_id: str, prefix: str) -> CommandOutcome | None:
        """Return the newest of the instance's commands whose name begins so, among the last hundred."""


class Caretaker(Protocol):
    """How the agent comes to one instance, is looked after and goes: by the cloud's command channel.

    Every step may be repeated. All raise HostUnreachable, or HostRefused with the host's reason.
    """

    def reaches(self) -> bool:
        """Tell whether the instance takes commands now."""

    def stage(self, program: AgentProgram, tell: Callable[[str], None]) -> None:
        """Bring the agent's file to the host, whole, beside the one that runs."""

    def replace(self, configuration: str | None) -> None:
        """Start what was staged in the place of what runs, with this configuration or the host's own."""

    def hand_over_key(self, version: int) -> None:
        """Add this version of the host's key to those that its agent takes."""

    def drop_key(self, version: str) -> None:
        """Take a version out."""

    def vouch(self, version: int) -> None:
        """See that the agent answers what this version signs, with the same. Raises HostUntrusted."""

    def status(self) -> HostStatus:
        """Return what the agent says of itself."""

    def check(self, plan: str, disk_ids: Sequence[str]) -> PlanCheck:
        """Try a plan without holding it."""

    def remove(self) -> list[str]:
        """Take the agent away; return what was removed and what stays."""

    def tidy(self) -> None:
        """Remove what only the steps before needed."""

    def latest(self) -> CommandOutcome | None:
        """Return the last command of ours on the instance."""
