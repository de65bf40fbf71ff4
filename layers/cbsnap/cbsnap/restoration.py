"""What a restore is to do, and how far it has come.

Values only: the order travels from function to function as a message, the progress is told to people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - `wire` has the annotations read
from enum import Enum

from cbsnap.model.cloud import NewDisk  # noqa: TC001 - as above
from cbsnap.model.plan import Target  # noqa: TC001 - as above


@dataclass(frozen=True, slots=True)
class Rollback:
    """A disk put back to one of its snapshots. `instance_ids`: what it is attached to.

    `stop`: the running ones of these, which the cloud stops for it; `start`: and starts again.
    """

    snapshot_id: str
    disk_id: str
    instance_ids: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    start: bool = False


@dataclass(frozen=True, slots=True)
class Clone:
    """New disks of snapshots, one of each, attached to an instance when there is one.

    `purpose` begins their names: `restored`, or `drill`.
    """

    disks: tuple[NewDisk, ...]
    instance_id: str | None = None
    purpose: str = "restored"


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """One restore, for whoever gets this message; either `rollback` or `clone` is set.

    `deliver_by`: a message that comes later is dropped. `until`: what has not come to an end by then
    is given up. `turn` counts how often it was handed over.
    """

    key: str
    target: Target
    deployment: str
    deliver_by: datetime
    until: datetime
    rollback: Rollback | None = None
    clone: Clone | None = None
    turn: int = 0


class State(Enum):
    """How far a restore has come."""

    WAITING = "waiting"
    SAFETY = "safety"
    ROLLING_BACK = "rolling_back"
    MAKING = "making"
    ATTACHING = "attaching"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a restore has come, as the cloud shows it; `kind` is None while nothing of it is there.

    `steps` are sentences with whether they are done. `snapshot_ids` are a rollback's safety snapshot, or
    those that a clone is made of; `reason` says why, and what to do, when it is not simply going on.
    """

    key: str
    kind: str | None = None
    state: State = State.WAITING
    percent: int | None = None
    steps: tuple[tuple[str, bool], ...] = ()
    snapshot_ids: tuple[str, ...] = ()
    disk_ids: tuple[str, ...] = ()
    reason: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in {State.DONE, State.FAILED, State.UNKNOWN}
