"""Which snapshots with a name of ours and no tag of ours are ours after all.

A name alone proves little: policy, a real due time of it and the disk must all agree, and what
was asked for with a key is never adopted, since its key cannot be checked. Writing the tags is
the jobs' business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.rules import names, schedule
from cbsnap.rules.ours import DEPLOYMENT_TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbsnap.model.cloud import Snapshot
    from cbsnap.model.policies import Policy
    from cbsnap.rules.names import SnapshotName


def untagged(snapshots: Iterable[Snapshot]) -> Iterator[tuple[Snapshot, SnapshotName]]:
    """Yield what has a name of ours and no deployment's tag; copies have their own way (see `copying`)."""
    for snapshot in snapshots:
        name = names.parse(snapshot.name)
        if name is not None and DEPLOYMENT_TAG not in snapshot.tags and not snapshot.copied:
            yield snapshot, name


def obstacle(snapshot: Snapshot, name: SnapshotName, policies: Iterable[Policy]) -> str | None:
    """Return why a snapshot cannot be taken for ours, or None."""
    policy = next((one for one in policies if one.name == name.policy), None)
    if name.digest is not None:
        return "it was asked for with a key, which the name does not prove"
    if policy is None:
        return f"there is no policy {name.policy}"
    if snapshot.disk_id != name.disk_id:
        return f"it is of {snapshot.disk_id or 'no disk'}, not of {name.disk_id}"
    if not schedule.was_due(policy, name.due):
        return f"{policy.name} was not due at {name.due:%Y-%m-%d %H:%M} UTC"
    return None
