"""The agent's markers, read as anybody could who has mounted a restored volume."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def pre_marker(place: Path) -> dict[str, Any] | None:
    """Return what was written while everything was locked; None where no lease was."""
    return _read(place / ".cbsnap-pre")


def is_late(place: Path) -> bool:
    """Tell whether the volume was cut after the lease that its `pre` marker names had ended."""
    pre, post = (_read(place / f".cbsnap-{name}") for name in ("pre", "post"))
    return pre is not None and post is not None and pre["lease_id"] == post["lease_id"]


def _read(path: Path) -> dict[str, Any] | None:
    text = path.read_text() if path.exists() else ""
    if not text.strip():
        return None
    found: dict[str, Any] = json.loads(text)
    return found
