"""A run as it can be seen, as JSON-serialisable values: the fields of the HTTP API and of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.jobs.runs import Seen


def summary(one: Seen) -> dict[str, Any]:
    """Return a run in one region, without its disks; `due` is a datetime."""
    return {
        "run": str(one.run),
        "policy": one.run.policy,
        "due": one.run.due,
        "key": one.run.key,
        "region": one.region,
        "disks": len(one.disk_ids),
        "taken": one.taken,
        "failed": one.failed,
        "labels": one.labels,
        "locked_ms_max": one.locked_ms_max,
        "done": one.done,
    }


def disks(one: Seen) -> Iterator[dict[str, Any]]:
    """Yield what became of each disk."""
    for disk_id in one.disk_ids:
        told, snapshot = one.outcomes.get(disk_id), one.snapshots.get(disk_id)
        label = one.label(disk_id)
        yield {
            "disk_id": disk_id,
            "decision": told.decision.value if told else None,
            "snapshot_id": snapshot.id if snapshot else told.snapshot_id if told else None,
            "state": snapshot.state if snapshot else None,
            "percent": snapshot.percent if snapshot else None,
            "label": label.value if label else None,
            "reason": told.reason if told else "",
            "locked_ms": told.locked_ms if told else None,
        }
