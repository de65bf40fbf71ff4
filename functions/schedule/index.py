"""A timer's tick: due policies become batches for the worker."""

from __future__ import annotations

from typing import Any

from cbsnap.entry import events


def main_handler(event: dict[str, Any], context: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a report for each due policy and region."""
    return events.schedule(event, context)
