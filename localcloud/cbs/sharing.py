"""Sharing snapshots with other accounts in the same region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from localcloud.cbs import errors
from localcloud.cbs.lookup import check_state, find_snapshot
from localcloud.cbs.service import SERVICE
from localcloud.errors import InvalidParameterValue, InvalidParameterValueLimitExceeded
from localcloud.moments import shanghai
from localcloud.parameters import Between, OneOf

if TYPE_CHECKING:
    from localcloud.resources import Snapshot
    from localcloud.service import Answer, Call

ACCOUNTS = 50


@SERVICE.action
@dataclass(frozen=True)
class ModifySnapshotsSharePermission:
    """Share snapshots of data disks, or take that back; an account need not be in the fleet."""

    snapshot_ids: Annotated[list[str], Between(1, 100)]
    account_ids: Annotated[list[str], Between(1, ACCOUNTS)]
    permission: Annotated[str, OneOf("SHARE", "CANCEL")]

    def answer(self, call: Call) -> Answer:
        """Answer with nothing but the request's id."""
        snapshots = [find_snapshot(call.here, each) for each in dict.fromkeys(self.snapshot_ids)]
        if call.caller.account.uin in self.account_ids:
            raise InvalidParameterValue(name="AccountIds", reason="the owner's own account")
        for snapshot in snapshots:
            self._check(snapshot)
        for snapshot in snapshots:
            for account in self.account_ids:
                _turn(call, snapshot, account, on=self.permission == "SHARE")
        return {}

    def _check(self, snapshot: Snapshot) -> None:
        check_state(snapshot, "NORMAL")
        if snapshot.usage != "DATA_DISK" or snapshot.encrypt:
            raise errors.InvalidSnapshotNotSupported(snapshot=snapshot.id, reason="DATA_DISK")
        together = snapshot.shared_with.keys() | set(self.account_ids)
        if self.permission == "SHARE" and len(together) > ACCOUNTS:
            raise InvalidParameterValueLimitExceeded(name="AccountIds", limit=ACCOUNTS)


def _turn(call: Call, snapshot: Snapshot, account: str, *, on: bool) -> None:
    theirs = call.cloud.world.regions.get((account, call.here.name))
    if on:
        snapshot.shared_with.setdefault(account, call.now_s)
    else:
        snapshot.shared_with.pop(account, None)
    if theirs and on:
        theirs.shared_here[snapshot.id] = call.here.uin
    elif theirs:
        theirs.shared_here.pop(snapshot.id, None)


@SERVICE.action
@dataclass(frozen=True)
class DescribeSnapshotSharePermission:
    """Say with whom a snapshot is shared."""

    snapshot_id: str

    def answer(self, call: Call) -> Answer:
        """Answer with the accounts and since when."""
        shared = find_snapshot(call.here, self.snapshot_id).shared_with
        return {
            "SharePermissionSet": [
                {"AccountId": account, "CreatedTime": shanghai(since_s)}
                for account, since_s in shared.items()
            ]
        }
