"""The agent's markers, read as anybody could who has mounted a restored volume."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def pre_marker(place: Path, key: str) -> dict[str, Any] | None:
    """Return what was written while everything was locked for the request with this key; None if nothing.

    What an earlier lease has left, or one that was not synced, is another one's.
    """
    pre = _read(place / ".cbsnap-pre")
    return pre if pre is not None and key in pre.get("operation", "") else None


def is_late(place: Path, key: str) -> bool:
    """Tell whether the volume was cut after the lease of this request had ended."""
    pre, post = pre_marker(place, key), _read(place / ".cbsnap-post")
    return pre is not None and post is not None and pre["lease_id"] == post["lease_id"]


def _read(path: Path) -> dict[str, Any] | None:
    text = path.read_text() if path.exists() else ""
    if not text.strip():
        return None
    found: dict[str, Any] = json.loads(text)
    return found
