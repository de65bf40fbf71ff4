"""The worker: takes one batch of groups, each under a lease."""

from __future__ import annotations

from typing import Any

from cbsnap.entry import events


def main_handler(event: dict[str, Any], context: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the batch's report."""
    return events.snapshot(event, context)
