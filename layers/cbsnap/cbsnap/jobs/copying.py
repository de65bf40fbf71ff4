"""Good snapshots are copied to other regions, and their copies there become ours.

The newest good one of a disk is copied once, and only where the rules there would not let it go at
once. A copy has no tags and no disk id, so its name says whose it is: it becomes ours when a
snapshot of ours of that name is, or was in this pass, in a region that is copied from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cbsnap.errors import OF_ONE, CloudError, CloudFault, OutcomeUnknown
from cbsnap.rules import names
from cbsnap.rules.ours import DEPLOYMENT_TAG, DRILL_TAG, LABEL_TAG, POLICY_TAG, newest_good
from cbsnap.rules.retention import BUCKETS
from cbsnap.upkeep import Action, Change, Finding, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cbsnap.jobs.inventory import Inventory
    from cbsnap.model.cloud import Snapshot
    from cbsnap.model.plan import Plan
    from cbsnap.model.policies import Keep, Policy
    from cbsnap.ports.lifecycle import Copier
    from cbsnap.rules.names import SnapshotName
    from cbsnap.rules.ours import Ours
    from cbsnap.upkeep import Note


def copies_taken_over(plan: Plan, there: Inventory, homes: Sequence[Inventory]) -> Iterator[Note]:
    """Give finished copies their tags, their source's label among them, and what a drill finds later."""
    sources = {one.snapshot.name: one for home in homes for one in home.ours() if home is not there}
    for copy, name in _untagged_copies(there):
        source = sources.get(copy.name)
        why = _why_foreign(plan, name.policy, source, there.region)
        if why:
            yield Finding(Trouble.FOREIGN, there.region, copy.id, f"named like a copy of ours, but {why}")
        elif source and copy.state == "NORMAL":
            yield from _taken_over(there, copy.id, source)
    for one in there.ours():
        if one.snapshot.copied and (source := sources.get(one.snapshot.name)):
            yield from _kept_in_step(one, source, there)


def _why_foreign(plan: Plan, policy_name: str, source: Ours | None, region: str) -> str:
    """Return why a copy is not taken over; empty for one that is ours."""
    regions = {copy.region for one in plan.policies if one.name == policy_name for copy in one.copy}
    if region not in regions:
        return f"no policy {policy_name} copies to {region}"
    return "its source is gone or has no label" if source is None or source.label is None else ""


def copied(plan: Plan, home: Inventory, there: Inventory, lifecycle: Copier) -> Iterator[Note]:
    """Begin what is to be copied from one region to another; `lifecycle` is the first one's."""
    for policy in plan.policies:
        keep = next((one.keep for one in policy.copy if one.region == there.region), None)
        if keep is None:
            continue
        present = _by_disk(there, policy)
        for one in newest_good(home.ours(), policy):
            if not _is_there(one, there.region, present.get(one.name.disk_id, ()), keep, policy):
                yield from _begun(one, there.region, lifecycle)


def _by_disk(there: Inventory, policy: Policy) -> dict[str, list[tuple[SnapshotName, bool]]]:
    """Return what a region has of a policy, by disk, and whether it may still fill a bucket there.

    A copy that turned out not to be good must not keep the next good one of its bucket from being copied.
    """
    lesser = {one.snapshot.id for one in there.ours() if one.label and not one.good(policy.good)}
    present: dict[str, list[tuple[SnapshotName, bool]]] = {}
    for one in there.snapshots.values():
        name = names.parse(one.name)
        if name and name.policy == policy.name:
            present.setdefault(name.disk_id, []).append((name, one.id not in lesser))
    return present


def _is_there(
    one: Ours, region: str, present: Iterable[tuple[SnapshotName, bool]], keep: Keep, policy: Policy
) -> bool:
    """Tell whether a copy is there, under way, or would only take the place of another in its bucket."""
    if region in one.snapshot.copying_to:
        return True
    bucket = _bucket(one.name, keep, policy)
    return any(
        name == one.name or (fills and bucket and _bucket(name, keep, policy) == bucket)
        for name, fills in present
    )


def _bucket(name: SnapshotName, keep: Keep, policy: Policy) -> str:
    """Return the finest bucket of the rules that a snapshot falls in; empty when each is wanted."""
    if keep.last or keep.within:
        return ""
    finest = next(bucket for rule, bucket in BUCKETS.items() if getattr(keep, rule))
    return finest(name.due.astimezone(ZoneInfo(policy.time_zone)))


def _begun(one: Ours, region: str, lifecycle: Copier) -> Iterator[Note]:
    """Copy once; an answer that was lost is looked for by the next pass."""
    source = one.snapshot
    try:
        copy_id = lifecycle.copy_snapshot(source.id, source.name, region)
    except (*OF_ONE, OutcomeUnknown, CloudFault) as failed:
        encrypted = "it is encrypted; " if source.encrypted else ""
        reason = f"not copied to {region}: {encrypted}{failed}"
        yield Finding(Trouble.REFUSED, source.region, source.id, reason, one.name.policy)
    else:
        yield Change(Action.COPIED, source.region, source.id, f"to {region}, as {copy_id}", one.name.policy)


def _untagged_copies(there: Inventory) -> Iterator[tuple[Snapshot, SnapshotName]]:
    for snapshot in list(there.snapshots.values()):
        name = names.parse(snapshot.name)
        if snapshot.copied and name is not None and DEPLOYMENT_TAG not in snapshot.tags:
            yield snapshot, name


def _kept_in_step(copy: Ours, source: Ours, there: Inventory) -> Iterator[Note]:
    """Let a copy claim no more than its source does: a drill may have found it broken, or cut late."""
    if source.label and copy.label and source.label.rank < copy.label.rank:
        yield from _as_source(copy, source, LABEL_TAG, source.label.value, there)
    if source.verdict and source.broken is not copy.broken:
        yield from _as_source(copy, source, DRILL_TAG, source.verdict.value, there)


def _as_source(copy: Ours, source: Ours, key: str, value: str, there: Inventory) -> Iterator[Note]:
    region, copy_id = copy.snapshot.region, copy.snapshot.id
    try:
        there.tag([copy_id], key, value)
    except CloudError as refused:
        reason = f"{key} = {value} could not be written: {refused}"
        yield Finding(Trouble.REFUSED, region, copy_id, reason, copy.name.policy)
        return
    action = Action.DEMOTED if key == LABEL_TAG else Action.DRILLED
    reason = f"{value}: as its source, {source.snapshot.id}"
    yield Change(action, region, copy_id, reason, copy.name.policy)


def _taken_over(there: Inventory, copy_id: str, source: Ours) -> Iterator[Note]:
    """Write the tags; the deployment's, which makes it ours, comes last."""
    label = source.label.value if source.label else ""
    tags = {LABEL_TAG: label, POLICY_TAG: source.name.policy, DEPLOYMENT_TAG: there.deployment}
    try:
        for key, value in tags.items():
            there.tag([copy_id], key, value)
    except CloudError as refused:
        reason = f"its tags cannot be written: {refused}"
        yield Finding(Trouble.REFUSED, there.region, copy_id, reason, source.name.policy)
        return
    reason = f"copy of {source.snapshot.id} in {source.snapshot.region}, {label}"
    yield Change(Action.ADOPTED, there.region, copy_id, reason, source.name.policy)
