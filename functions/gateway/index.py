"""The HTTP API: function URL and API gateway."""

from __future__ import annotations

import os
from typing import Any

from cbsnap.entry import asgi, http
from cbsnap.wiring import Wiring

APPLICATION = http.application(Wiring(os.environ))


def main_handler(event: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - the platform's
    """Return the answer as the platform wants it."""
    return asgi.answer(APPLICATION, event)
