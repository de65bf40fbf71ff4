"""One region of the cloud: its disks, instances and snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from cbsnap.model.cloud import Disk, Instance, Snapshot, SnapshotUsage
    from cbsnap.model.plan import Target

TAGGED_TOGETHER = 9  # resources of one TagResources call: the SDK says "N: 0 to 9", which may mean either


class Cloud(Protocol):
    """One account's view of one region; `role` as in the target, None for our own account."""

    region: str
    role: str | None

    def disks(self, ids: Sequence[str] = ()) -> list[Disk]:
        """Return the named disks, those that exist; without names, all of the region."""

    def instances(self, ids: Sequence[str]) -> list[Instance]:
        """Return the named instances, those that exist."""

    def snapshots(self, ids: Sequence[str] = ()) -> list[Snapshot]:
        """Return the named snapshots, those that exist; without names, all of the region."""

    def glance(self, ids: Sequence[str], timeout_s: float) -> list[Snapshot]:
        """Return the named snapshots, asking once only: for use inside a lease."""

    def snapshots_of(self, disk_ids: Sequence[str]) -> list[Snapshot]:
        """Return all snapshots of these disks."""

    def snapshots_since(self, moment: datetime) -> list[Snapshot]:
        """Return those made since then, and those that are still being made whenever they began."""

    def usage(self) -> SnapshotUsage:
        """Return what the region's snapshots add up to."""

    def warm(self, connections: int) -> None:
        """Open that many connections now, so that `create_snapshots` spends no time on it."""

    def create_snapshots(
        self,
        names: Mapping[str, str],
        tags: Mapping[str, str],
        timeout_s: float,
        own_tags: Mapping[str, Mapping[str, str]] | None = None,
        deadline: datetime | None = None,
    ) -> dict[str, str | Exception]:
        """Start one snapshot a disk, all at once; `names` maps disk id to snapshot name.

        `tags` are for all of them, `own_tags` by disk id for one. `deadline`: the cloud deletes them
        then, at least a day ahead; without it they stay.

        Returns by disk id the snapshot's id, or the error; an `OutcomeUnknown` among them may
        have happened. Nothing is tried twice. Returns within `timeout_s`.
        """

    def tag_snapshots(self, snapshot_ids: Sequence[str], key: str, value: str) -> None:
        """Set one tag on many snapshots; what some refuse, the others still get. Raises CloudError."""

    def stop_instances(self, ids: Sequence[str]) -> None:
        """Begin to stop instances softly; they go on being paid for."""

    def start_instances(self, ids: Sequence[str]) -> None:
        """Begin to start instances."""

    def tag_instances(self, ids: Sequence[str], key: str, value: str) -> None:
        """Set one tag on instances."""

    def untag_instances(self, ids: Sequence[str], key: str) -> None:
        """Take one tag from instances."""


class Clouds(Protocol):
    """The regions and accounts that can be reached."""

    def at(self, target: Target) -> Cloud:
        """Return the view of one target; nothing is sent yet."""


class Listing(Protocol):
    """One region's lists by the page, a hundred rows each: for who shows some of them.

    A row's place moves when others come or go, so that one place may be seen twice.
    """

    def disk_rows(self, offset: int) -> tuple[list[Disk], int]:
        """Return the disks from a place on, oldest first, and how many there are in all."""

    def snapshot_rows(self, offset: int, state: str | None = None) -> tuple[list[Snapshot], int]:
        """Return the snapshots from a place on, newest first, and how many there are in all."""


class Listings(Protocol):
    """The regions and accounts that can be reached."""

    def at(self, target: Target) -> Listing:
        """Return one target's; nothing is sent yet."""
