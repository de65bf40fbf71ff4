"""Copying snapshots to other regions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from localcloud.cbs import errors
from localcloud.cbs.create import SnapshotName, check_region_quota
from localcloud.cbs.lookup import check_state, find_snapshot
from localcloud.cbs.service import SERVICE
from localcloud.errors import ApiError, InternalError, InvalidParameterValue, UnsupportedRegion
from localcloud.parameters import Between

if TYPE_CHECKING:
    from localcloud.resources import Region, Snapshot
    from localcloud.service import Answer, Call


@SERVICE.action
@dataclass(frozen=True)
class CopySnapshotCrossRegions:
    """Copy a snapshot with its bytes; a copy has no tags, and its DiskId is empty (recorded)."""

    destination_regions: Annotated[list[str], Between(1, 50)]
    snapshot_id: str
    snapshot_name: SnapshotName | None = None

    async def answer(self, call: Call) -> Answer:
        """Answer with a result for each region, good or bad."""
        snapshot = find_snapshot(call.here, self.snapshot_id)
        check_state(snapshot, "NORMAL")
        if snapshot.encrypt:
            raise errors.SnapshotNotSupportCopy(snapshot=snapshot.id)
        names = dict.fromkeys(self.destination_regions)
        return {"SnapshotCopyResultSet": [await self._result(call, snapshot, each) for each in names]}

    async def _result(self, call: Call, snapshot: Snapshot, name: str) -> Answer:
        try:
            made, code, message = await self._copied(call, snapshot, name), "Success", ""
        except ApiError as error:
            made, code, message = "", error.code, error.message("zh-CN")
        return {"SnapshotId": made, "Message": message, "Code": code, "DestinationRegion": name}

    async def _copied(self, call: Call, snapshot: Snapshot, name: str) -> str:
        there = call.cloud.region(call.caller.account, name)
        if there is None:
            raise UnsupportedRegion(region=name)
        if there is call.here:
            raise InvalidParameterValue(name="DestinationRegions", reason=f"`{name}`")
        if name in snapshot.copying_to:
            raise errors.ResourceInUseCopySnapshotConflict(snapshot=snapshot.id)
        check_region_quota(there)
        copy = self._begun(call, snapshot, there)
        there.add_snapshot(copy)
        snapshot.copying_to.append(name)
        await _carry(call, snapshot, copy, there)
        call.cloud.world.agenda.add(
            copy.progress_to_s, "finish_copy", *there.at(copy.id), call.here.name, snapshot.id
        )
        return copy.id

    def _begun(self, call: Call, snapshot: Snapshot, there: Region) -> Snapshot:
        return replace(
            snapshot,
            id=call.cloud.new_id("snap"),
            zone=f"{there.name}-1",
            created_s=call.now_s,
            name=self.snapshot_name or f"Copied {snapshot.id} from {call.here.name}",
            state="COPYING_FROM_REMOTE",
            progress_from_s=call.now_s,
            progress_to_s=call.now_s + call.cloud.settings.snapshot_seconds,
            deadline_s=None,
            from_remote=True,
            locked=False,
            images=[],
            shared_with={},
            copying_to=[],
            tags={},
            copy="",
            group="",
        )


async def _carry(call: Call, snapshot: Snapshot, copy: Snapshot, there: Region) -> None:
    if not snapshot.copy:
        return
    try:
        cut = await call.cloud.contents.cut(snapshot.copy, copy.id)
    except OSError as error:
        there.drop_snapshot(copy.id)
        snapshot.copying_to.remove(there.name)
        raise InternalError(reason=str(error)) from error
    copy.copy, copy.held_bytes = cut.path, cut.held_bytes
