"""The way to people, and what they were told before."""

from __future__ import annotations

from typing import Protocol


class Notifier(Protocol):
    """The way to people, and to a monitor that waits for a sign of life."""

    def send(self, url: str, title: str, body: str) -> None:
        """Send one message. Raises NotificationFailed."""

    def beat(self, url: str) -> None:
        """Give a sign of life. Raises NotificationFailed."""


class Memory(Protocol):
    """What was told before, by address and by what it is about; it may forget."""

    def recall(self, address: str) -> dict[str, str] | None:
        """Return what was remembered; None when nothing is known of the address."""

    def remember(self, address: str, told: dict[str, str]) -> None:
        """Keep this instead. Raises NotificationFailed."""
