"""Changing and deleting snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.cbs import errors
from localcloud.cbs.create import SnapshotName, read_deadline
from localcloud.cbs.lookup import check_state, find_snapshot
from localcloud.cbs.service import SERVICE
from localcloud.errors import MissingParameter
from localcloud.parameters import Between
from localcloud.transitions import forget

if TYPE_CHECKING:
    from localcloud.resources import Snapshot
    from localcloud.service import Answer, Call


def check_free(snapshot: Snapshot, *, with_images: bool) -> None:
    """Raise what forbids deleting this snapshot; `with_images` lets its images go, too."""
    check_state(snapshot, "NORMAL")
    if snapshot.locked:
        raise errors.StateError(resource=snapshot.id, state="LOCKED")
    if snapshot.copying_to:
        raise errors.ResourceInUseCopySnapshotConflict(snapshot=snapshot.id)
    if snapshot.shared_with:
        raise errors.SnapHasShared(snapshot=snapshot.id)
    if snapshot.images and not with_images:
        raise errors.SnapshotHasBindedImage(snapshot=snapshot.id)


@SERVICE.action
@dataclass(frozen=True)
class DeleteSnapshots:
    """Delete snapshots, all of them or none."""

    snapshot_ids: Annotated[list[str], Between(1, 100)]
    delete_bind_images: bool = False

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        doomed = [find_snapshot(call.here, each) for each in dict.fromkeys(self.snapshot_ids)]
        for snapshot in doomed:
            check_free(snapshot, with_images=self.delete_bind_images)
        for snapshot in doomed:
            forget(call.cloud, call.here, snapshot)
        return {}


@SERVICE.action
@dataclass(frozen=True)
class ModifySnapshotAttribute:
    """Rename a snapshot, let it expire, or keep it for good; then its Deadline does not count."""

    snapshot_id: str
    snapshot_name: SnapshotName | None = None
    is_permanent: bool | None = None
    deadline: str | None = None

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        if self.snapshot_name is None and self.is_permanent is None and self.deadline is None:
            raise MissingParameter(name="SnapshotName, IsPermanent, Deadline")
        snapshot = find_snapshot(call.here, self.snapshot_id)
        deadline_s = None if self.is_permanent else read_deadline(self.deadline, call.now_s)
        if self.is_permanent is False and deadline_s is None and snapshot.deadline_s is None:
            raise MissingParameter(name="Deadline")
        if self.snapshot_name is not None:
            snapshot.name = self.snapshot_name
        if self.is_permanent:
            snapshot.deadline_s = None
        if deadline_s is not None:
            snapshot.deadline_s = deadline_s
            call.cloud.world.agenda.add(deadline_s, "expire_snapshot", *call.here.at(snapshot.id))
        return {}
