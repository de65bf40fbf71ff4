"""The HTTP API: function URL and API gateway."""

from __future__ import annotations

import os
from typing import Any

from cbsnap.entry import asgi
from cbsnap.entry.http.app import application
from cbsnap.wiring import Wiring

APPLICATION = application(Wiring(os.environ))


def main_handler(event: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """Return the answer as the platform wants it."""
    return asgi.answer(APPLICATION, event, context["request_id"])
