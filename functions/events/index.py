"""Events of other services: what the policy file's rules make of them."""

from __future__ import annotations

from typing import Any

from cbsnap.entry import events


def main_handler(event: Any, context: dict[str, Any]) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever arrives
    """Return what became of each event."""
    return events.happened(event, context)
