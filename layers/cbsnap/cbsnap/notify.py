"""The port `Notifier`: messages through apprise, the heartbeat by a plain GET.

apprise is imported when something is sent, since it costs more than all else together. Addresses
are apprise's URLs; secrets in them come from the environment, as `${NAME}`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import requests

from cbsnap.errors import NotificationFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

BEAT_TIMEOUT_S = 10.0
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class Messenger:
    """Sends to any address that apprise knows; a service that hangs is given up by apprise after seconds."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def send(self, url: str, title: str, body: str) -> None:
        """Send one message. Raises NotificationFailed; its text holds no secret."""
        try:
            import apprise  # noqa: PLC0415 - a second and a half, only when something is sent
        except ImportError as missing:
            raise NotificationFailed("apprise is not installed: add it to the functions' layer") from missing
        box = apprise.Apprise()
        if not box.add(self._filled(url)):
            raise NotificationFailed(f"{url} is no address that apprise knows")
        if not box.notify(body=body, title=title):
            raise NotificationFailed(f"{url} did not take the message")

    def beat(self, url: str) -> None:
        """Call a monitor's address, as a sign of life. Raises NotificationFailed."""
        try:
            requests.get(self._filled(url), timeout=BEAT_TIMEOUT_S).raise_for_status()
        except requests.RequestException as lost:
            raise NotificationFailed(f"{url} did not answer well ({type(lost).__name__})") from None

    def _filled(self, url: str) -> str:
        def value(match: re.Match[str]) -> str:
            found = self._environment.get(match[1])
            if not found:
                raise NotificationFailed(f"{match[1]} is not set in the environment")
            return found

        return _VARIABLE.sub(value, url)
