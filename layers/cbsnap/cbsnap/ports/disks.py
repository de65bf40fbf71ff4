"""What disks are put back or made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cbsnap.model.cloud import Disk, NewDisk


class Restorer(Protocol):
    """What one region's disks are put back or made with."""

    def roll_back(self, snapshot_id: str, disk_id: str, *, stop: bool, start: bool) -> None:
        """Begin to roll a disk back to its own snapshot, once. Raises OutcomeUnknown."""

    def disks_named(self, names: Sequence[str]) -> list[Disk]:
        """Return the disks that have one of these names."""

    def create_disk(self, disk: NewDisk, name: str, tags: Mapping[str, str], token: str) -> str:
        """Begin to make a disk and return its id; the same token makes none twice."""

    def tag_disks(self, ids: Sequence[str], key: str, value: str) -> None:
        """Set one tag on disks."""

    def attach(self, disk_ids: Sequence[str], instance_id: str) -> None:
        """Begin to attach disks, ten at most."""


class ScratchDisks(Protocol):
    """What a drill does with disks of its own, in one region."""

    def create_disk(self, disk: NewDisk, name: str, tags: Mapping[str, str], token: str) -> str:
        """Begin to make a disk and return its id; the same token makes none twice."""

    def attach(self, disk_ids: Sequence[str], instance_id: str) -> None:
        """Begin to attach disks, ten at most."""

    def detach(self, disk_ids: Sequence[str], instance_id: str) -> None:
        """Begin to detach disks from that instance, ten at most."""

    def terminate(self, disk_ids: Sequence[str]) -> None:
        """Give disks back that are attached to nothing; their snapshots stay."""
