"""Good snapshots are shared with other accounts for a while, and taken back.

What is shared with whom since when is the cloud's own word. A snapshot older than the while is not
shared any more, so that what was taken back stays so; shares that a person has made with other
accounts are left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.errors import OF_ONE
from cbsnap.rules.ours import newest_good
from cbsnap.upkeep import Action, Change, Finding, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model.plan import Plan
    from cbsnap.model.policies import Policy
    from cbsnap.ports.lifecycle import Sharer
    from cbsnap.rules.ours import Ours
    from cbsnap.upkeep import Note


def shared(plan: Plan, inventory: Inventory, lifecycle: Sharer, now: datetime) -> Iterator[Note]:
    """Share the newest good one of each disk, and take back what has been shared for long enough."""
    for policy in plan.policies:
        if policy.share:
            yield from _shared(policy, inventory, lifecycle, now)


def _shared(policy: Policy, inventory: Inventory, lifecycle: Sharer, now: datetime) -> Iterator[Note]:
    newest = {one.snapshot.id for one in newest_good(inventory.ours(), policy)}
    for one in inventory.ours():
        is_newest = one.snapshot.id in newest
        if one.name.policy != policy.name or not (is_newest or one.snapshot.shares):
            continue
        try:
            shares = lifecycle.shares(one.snapshot.id) if one.snapshot.shares else {}
        except OF_ONE as refused:
            if not refused.gone:
                yield _refused(one, f"whom it is shared with cannot be read: {refused}")
            continue
        if is_newest:
            yield from _given(one, shares, policy, lifecycle, now)
        yield from _taken_back(one, shares, policy, lifecycle, now)


def _given(
    one: Ours, shares: Mapping[str, datetime], policy: Policy, lifecycle: Sharer, now: datetime
) -> Iterator[Note]:
    age = now - one.snapshot.created_at
    wanted = {share.account for share in policy.share if age < share.lasting}
    missing = sorted(wanted - shares.keys())
    if not missing:
        return
    if one.snapshot.usage != "DATA_DISK":  # the cloud shares none but data disks' (SDK)
        yield _refused(one, "not shared: only data disks' snapshots can be, and this is of a system disk")
        return
    try:
        lifecycle.share(one.snapshot.id, missing)
    except OF_ONE as refused:
        encrypted = "it is encrypted; " if one.snapshot.encrypted else ""
        yield _refused(one, f"not shared with {', '.join(missing)}: {encrypted}{refused}")
    else:
        yield _changed(Action.SHARED, one, f"with {', '.join(missing)}")


def _taken_back(
    one: Ours, shares: Mapping[str, datetime], policy: Policy, lifecycle: Sharer, now: datetime
) -> Iterator[Note]:
    lasting = {share.account: share.lasting for share in policy.share}
    over = sorted(
        account for account, since in shares.items() if account in lasting and now - since >= lasting[account]
    )
    if not over:
        return
    try:
        lifecycle.unshare(one.snapshot.id, over)
    except OF_ONE as refused:
        yield _refused(one, f"not taken back from {', '.join(over)}: {refused}")
    else:
        yield _changed(Action.UNSHARED, one, f"taken back from {', '.join(over)}")


def _changed(action: Action, one: Ours, reason: str) -> Change:
    return Change(action, one.snapshot.region, one.snapshot.id, reason, one.name.policy)


def _refused(one: Ours, reason: str) -> Finding:
    return Finding(Trouble.REFUSED, one.snapshot.region, one.snapshot.id, reason, one.name.policy)
