"""The port `Notifier`: messages through apprise, the heartbeat by a plain GET.

apprise is imported when something is sent, since it costs more than all else together. Addresses
are apprise's URLs; secrets in them come from the environment, as `${NAME}`. An address is a secret as a
whole, since people write tokens into it: no error and no log has any of it but the scheme.
"""

from __future__ import annotations

import logging
import re
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

import requests

from cbsnap.errors import NotificationFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BEAT_TIMEOUT_S = 10.0
PATIENCE_S = 60.0  # in all for an address: time-outs of sockets do not bound names, or answers in drops
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class Messenger:
    """Sends to any address that apprise knows; a service that hangs is given up after `patience_s`."""

    def __init__(self, environment: Mapping[str, str], patience_s: float = PATIENCE_S) -> None:
        self._environment = environment
        self._patience_s = patience_s

    def send(self, url: str, title: str, body: str) -> None:
        """Send one message, in parts where a service takes no longer ones. Raises NotificationFailed."""
        address = self._filled(url)
        self._in_time(url, lambda: _sent(address, title, body))

    def beat(self, url: str) -> None:
        """Call a monitor's address, as a sign of life. Raises NotificationFailed."""
        address = self._filled(url)
        self._in_time(url, lambda: _called(address))

    def _in_time(self, url: str, act: Callable[[], str]) -> None:
        """Act in a thread that is left alone when it hangs; `act` returns what went wrong."""
        said: SimpleQueue[str] = SimpleQueue()
        Thread(target=lambda: said.put(act()), daemon=True).start()
        try:
            wrong = said.get(timeout=self._patience_s)
        except Empty:
            wrong = f"did not answer within {self._patience_s:g} s"
        if wrong:
            raise NotificationFailed(f"{_shown(url)} {wrong}")

    def _filled(self, url: str) -> str:
        def value(match: re.Match[str]) -> str:
            found = self._environment.get(match[1])
            if not found:
                raise NotificationFailed(f"{match[1]} is not set in the environment")
            return found

        return _VARIABLE.sub(value, url)


def _sent(address: str, title: str, body: str) -> str:
    """Return what went wrong, empty if nothing did."""
    try:
        import apprise  # noqa: PLC0415 - a second and a half, only when something is sent
    except ImportError:
        return "cannot be told: apprise is not installed, add it to the functions' layer"
    logging.getLogger("apprise").disabled = True  # its warnings quote tokens
    # A redirect turns a POST into a GET: a page of the other place would pass for a message delivered.
    box = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
    if not box.add(address):
        return "is no address that apprise knows"
    for service in box:
        if service.overflow_mode is apprise.OverflowMode.UPSTREAM:
            # WeCom's robot, for one, answers 200 to what it drops because it is too long.
            service.overflow_mode = apprise.OverflowMode.SPLIT
    return "" if box.notify(body=body, title=title) else "did not take the message"


def _called(address: str) -> str:
    """Return what went wrong, empty if nothing did."""
    try:
        requests.get(address, timeout=BEAT_TIMEOUT_S).raise_for_status()
    except (requests.RequestException, ValueError) as lost:  # urllib3's own, for a host that cannot be one
        return f"did not answer well ({type(lost).__name__})"
    return ""


def _shown(url: str) -> str:
    """Return what may be read of an address as it stands in the policy file."""
    names = ", ".join(f"${{{name}}}" for name in _VARIABLE.findall(url))
    scheme = _SCHEME.match(url)
    known = f"{scheme[0]}…" if scheme else "the address"
    return f"{known} (with {names})" if names else known
