"""A timer's tick: snapshots are followed to their end, and what is not right is said. Or an errand."""

from __future__ import annotations

from typing import Any

from cbsnap.entry import events


def main_handler(event: dict[str, Any], context: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what was done and found, for each region, or how far an errand has come."""
    return events.maintain(event, context)
