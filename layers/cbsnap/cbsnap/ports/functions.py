"""The functions that work is handed to, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from cbsnap.model.plan import Target
    from cbsnap.model.runs import Batch, DrillOrder
    from cbsnap.restoration import RestoreOrder


class Workers(Protocol):
    """Where batches are carried out."""

    def dispatch(self, batch: Batch) -> str:
        """Hand a batch over, asynchronously and at least once; return the request's id."""


class Settlers(Protocol):
    """The functions that reach the hosts of targets with a worker of their own."""

    def settle(self, target: Target) -> str:
        """Ask a target's worker to settle what is unproven there; return the request's id."""


class Keeper(Protocol):
    """Where errands are carried out, which take longer than a request may: restores, for one."""

    def hand_over(self, order: RestoreOrder) -> str:
        """Hand an errand over, asynchronously and at least once; return the request's id."""


class DrillKeeper(Protocol):
    """The same for drills."""

    def hand_over(self, order: DrillOrder) -> str:
        """Hand a drill over, asynchronously and at least once; return the request's id."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of an asynchronous invocation.

    `over`: it will do nothing more, its retries included. `returned` is the JSON value of its function, or
    None where that is not known; `failed` says how it ended otherwise.
    """

    over: bool
    returned: Any = None
    failed: str = ""


class Invocations(Protocol):
    """What became of what was handed over, as far as the platform tells."""

    def of_worker(self, target: Target, request_id: str) -> Answered:
        """Return what became of a batch."""

    def of_keeper(self, request_id: str) -> Answered:
        """Return what became of an errand."""
