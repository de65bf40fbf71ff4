"""A restore as a person meets it in the command: proposed, agreed to, handed over, followed.

The rules, the agreement and the work are those of the HTTP API (`jobs.restore`); here are the words.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cbsnap.entry import idempotency
from cbsnap.entry.cli import screen
from cbsnap.entry.cli.following import Part, follow
from cbsnap.entry.cli.handover import HandedOver
from cbsnap.entry.cli.session import NotConfirmed
from cbsnap.errors import InputError
from cbsnap.jobs import restore
from cbsnap.jobs.inventory import Inventory
from cbsnap.restoration import Progress, State
from cbsnap.rules.restored import GIVEN_UP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.entry.cli.session import Session
    from cbsnap.jobs.restore import Asked
    from cbsnap.model.plan import Target
    from cbsnap.ports.functions import Answered
    from cbsnap.rules.restoring import Proposal

DONE, FAILED, UNKNOWN = 0, 1, 2  # what the command exits with; 3 while it is under way
UNDER_WAY = 3
_NOTHING = "the function did not begin it in time: see the log of cbsnap-maintain; use a new key"
_CODES = {State.DONE: DONE, State.FAILED: FAILED, State.UNKNOWN: UNKNOWN}
_OUR_WORDS = {
    "snapshot_id": "SNAPSHOT",
    "snapshot_ids": "SNAPSHOT",
    "disk_ids": "--disk",
    "instance_id": "--instance",
    "as_of": "--at",
    "attach_to": "--attach-to",
    "size_gib": "--size-gib",
    "zone": "--zone",
    "type": "--type",
    "stop": "--stop",
    "start": "--start",
    "key": "--key",
    "typed": "--disk",
}


@dataclass(frozen=True)
class Desk:
    """Where restores of one target are asked for."""

    session: Session
    target: Target

    def inventory(self) -> Inventory:
        """Read the region anew. Raises CloudError."""
        return Inventory(self.session.wiring.clouds.at(self.target), self.session.plan.deployment)

    def propose(self, asked: Asked) -> Proposal:
        """Return what would be done. Raises InputError in the command's own words, CloudError."""
        with in_words_of_the_command():
            return restore.propose(asked, self.inventory(), self.session.plan.quota)

    def start(self, asked: Asked, proposal: Proposal, key: str) -> HandedOver:
        """Hand over what was agreed to; refused when it would be something else by now."""
        sent, wiring = HandedOver(self.session.wiring), self.session.wiring
        agreed = restore.Agreed(key, proposal.confirm, proposal.disk_id or "")
        with in_words_of_the_command():
            restore.start(asked, agreed, wiring.plan, self.target, self.inventory(), sent, wiring.clock)
        return sent

    def status(self, key: str) -> Progress:
        """Return how far the restore of a key has come."""
        return restore.status(key, self.inventory(), self.session.wiring.clock.now())

    def follow(self, key: str, sent: HandedOver) -> Progress:
        """Look until it is over, for as long as it may take; draws meanwhile."""
        clock = self.session.wiring.clock
        began_s = clock.monotonic()

        def look() -> Progress:
            now = self.status(key)
            if now.kind is not None:
                return now
            late = clock.monotonic() - began_s > restore.DELIVERY.total_seconds()
            why = next(filter(None, map(_why_not, sent.answers())), _NOTHING if late else "")
            return replace(now, state=State.FAILED, reason=why) if why else now

        return follow(look, lambda one: [_part(one)], clock, began_s + GIVEN_UP.total_seconds())


def key_for(asked: Asked, proposal: Proposal, given: str | None) -> str:
    """Return the key that is asked with, as the HTTP API chooses it."""
    return given or idempotency.of_restore(asked, proposal.confirm)


def show(proposal: Proposal, region: str) -> None:
    """Print what would be done, and what to beware of."""
    screen.say(f"In {region}:")
    for number, step in enumerate(proposal.steps, 1):
        screen.say(f"  {number}. {step}")
    for warning in proposal.warnings:
        screen.warn(warning)


def agree_to_overwrite(session: Session, disk_id: str, typed: str | None, *, yes: bool, shown: bool) -> None:
    """Have the disk's id typed, or take it from `--disk`. Raises NotConfirmed."""
    if typed is None and not (shown and sys.stdin.isatty()):
        raise NotConfirmed(f"nobody can be asked here: look at the plan, then say --disk {disk_id} --yes")
    if typed is None:
        typed = screen.ask(f"Everything on {disk_id} is overwritten. Type its id to go on: ")
    elif typed == disk_id:
        session.confirm(f"Overwrite {disk_id}?", yes=yes, shown=shown)
    if typed != disk_id:
        raise NotConfirmed(f"{typed!r} is not {disk_id}, which would be overwritten; nothing was done")


def code(progress: Progress) -> int:
    """Return what the command exits with."""
    return _CODES.get(progress.state, UNDER_WAY)


def tell(progress: Progress) -> None:
    """Print how far a restore has come."""
    percent = "" if progress.percent is None else f", {progress.percent}%"
    screen.say(f"{progress.kind or 'restore'} {progress.key}: {progress.state.value}{percent}")
    for text, done in progress.steps:
        screen.say(f"  {'x' if done else ' '} {text}")
    if progress.reason:
        screen.say(progress.reason)
    if progress.kind == "clone" and progress.disk_ids:
        screen.say(f"disks: {', '.join(progress.disk_ids)}")
    if progress.kind == "rollback" and progress.snapshot_ids:
        screen.say(f"what the disk held before: {', '.join(progress.snapshot_ids)}")


def values(progress: Progress) -> dict[str, Any]:
    """Return a restore as `GET /v1/restores/{key}` tells it."""
    return {
        "key": progress.key,
        "kind": progress.kind,
        "state": progress.state.value,
        "percent": progress.percent,
        "steps": [{"text": text, "done": done} for text, done in progress.steps],
        "snapshot_ids": list(progress.snapshot_ids),
        "disk_ids": list(progress.disk_ids),
        "reason": progress.reason,
    }


def planned(proposal: Proposal, region: str) -> dict[str, Any]:
    """Return a proposal as `POST /v1/restores/plan` tells it."""
    return {
        "confirm": proposal.confirm,
        "region": region,
        "steps": list(proposal.steps),
        "warnings": list(proposal.warnings),
        "disk_id": proposal.disk_id,
    }


@contextmanager
def in_words_of_the_command() -> Iterator[None]:
    """Name a field as the command line has it."""
    try:
        yield
    except InputError as wrong:
        if wrong.field not in _OUR_WORDS:
            raise
        raise InputError(_OUR_WORDS[wrong.field], wrong.message) from wrong


def _why_not(answered: Answered) -> str:
    """Return why an invocation that has ended began nothing; empty where it says nothing of that."""
    told = answered.returned[0] if isinstance(answered.returned, list) and answered.returned else {}
    return answered.failed or str(told.get("reason", "")) if answered.over else ""


def _part(progress: Progress) -> Part:
    if progress.over:
        return Part(progress.key, 100, progress.state.value)
    return Part(progress.key, min(progress.percent or 0, 99), progress.state.value.replace("_", " "))
