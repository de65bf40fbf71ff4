"""What is done with snapshots once they are made: copied, shared, ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cbsnap.model.plan import Target


class Ending(Protocol):
    """How one region's snapshots come to an end."""

    def delete_snapshots(self, snapshot_ids: Sequence[str]) -> None:
        """Delete snapshots, all or none."""

    def set_deadline(self, snapshot_id: str, deadline: datetime | None) -> None:
        """Let the cloud delete a snapshot at a time, at least a day ahead; None keeps it for good."""


class Copier(Protocol):
    """How one region's snapshots are copied to others."""

    def copy_snapshot(self, snapshot_id: str, name: str, region: str) -> str:
        """Begin a copy in another region, once; return its id there. Raises OutcomeUnknown."""


class Sharer(Protocol):
    """How one region's snapshots are shared with other accounts."""

    def shares(self, snapshot_id: str) -> dict[str, datetime]:
        """Return the accounts that a snapshot is shared with, and since when."""

    def share(self, snapshot_id: str, accounts: Sequence[str]) -> None:
        """Share a snapshot with these accounts."""

    def unshare(self, snapshot_id: str, accounts: Sequence[str]) -> None:
        """Share it with these accounts no more."""


class Lifecycle(Ending, Copier, Sharer, Protocol):
    """What can be done with one region's snapshots once they are made."""


class Lifecycles(Protocol):
    """The regions and accounts that can be reached."""

    def at(self, target: Target) -> Lifecycle:
        """Return one target's; nothing is sent yet."""
