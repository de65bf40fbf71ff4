"""A snapshot's facts as the command prints them: one place for tables, pages and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cbsnap.rules import names
from cbsnap.rules.ours import DEPLOYMENT_TAG, DRILL_TAG, LOST_TAG, label_of

if TYPE_CHECKING:
    from datetime import datetime

    from cbsnap.model.cloud import Snapshot

TITLE_TAG = "cbsnap:title"


def described(snapshot: Snapshot, deployment: str) -> dict[str, Any]:
    """Return one snapshot as a JSON-serialisable object, with the fields of the HTTP API."""
    name, label = names.parse(snapshot.name), label_of(snapshot)
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "region": snapshot.region,
        "disk_id": (name.disk_id if name else snapshot.disk_id) or None,
        "policy": name.policy if name else None,
        "due": _time(name.due) if name else None,
        "ours": name is not None and snapshot.tags.get(DEPLOYMENT_TAG) == deployment,
        "state": snapshot.state,
        "percent": snapshot.percent,
        "label": label.value if label else None,
        "lost": snapshot.tags.get(LOST_TAG),
        "drill": snapshot.tags.get(DRILL_TAG),
        "title": snapshot.tags.get(TITLE_TAG),
        "created_at": _time(snapshot.created_at),
        "deadline": _time(snapshot.deadline),
        "size_gib": snapshot.size_gib,
        "usage": snapshot.usage,
        "encrypted": snapshot.encrypted,
        "copied": snapshot.copied,
        "locked": snapshot.locked,
        "shares": snapshot.shares,
        "images": list(snapshot.image_ids),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
