"""The port `Memory`: what was told lies in a file, which an ended instance of a function takes with it.

On a file system that all instances mount it lasts; the cloud's own state is what everything else goes by.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cbsnap.errors import NotificationFailed

if TYPE_CHECKING:
    from pathlib import Path


class FileMemory:
    """One file for all addresses; one that cannot be read is as good as none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self, address: str) -> dict[str, str] | None:
        """Return what was remembered for an address."""
        found = self._all().get(address)
        return dict(found) if isinstance(found, dict) else None

    def remember(self, address: str, told: dict[str, str]) -> None:
        """Keep this for an address, instead of what was there. Raises NotificationFailed."""
        try:
            written = self._path.with_name(
                f"{self._path.name}.{os.getpid()}"
            )  # another instance may mount it
            written.write_text(json.dumps({**self._all(), address: told}), encoding="utf-8")
            written.replace(self._path)  # whole or not at all, though the function is cut off here
        except OSError as full:
            raise NotificationFailed(f"what was told cannot be remembered: {full}") from full

    def _all(self) -> dict[str, object]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}
