"""A person before the console: what they open, and what must not happen while they are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Locator

WAIT_MS = 15_000


@dataclass(frozen=True)
class Console:
    """Where the console is, a token that may do everything, and one that may only read."""

    cloud_url: str
    token: str
    reader: str

    @property
    def url(self) -> str:
        """Return the address of its first page."""
        return f"{self.cloud_url}/_local/url/cbsnap-gateway/console/"


class Visitor:
    """One browser tab. Scripts that fail, rules that are broken and other hosts that are asked are kept."""

    def __init__(self, context: BrowserContext, console: Console, token: str | None) -> None:
        self._context = context
        self._console = console
        self.faults: list[str] = []
        self.asked: list[str] = []
        context.set_default_timeout(WAIT_MS)
        if token is not None:
            context.add_init_script(f"sessionStorage.setItem('cbsnap.token', {token!r})")
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(f"a dialog: {dialog.message}"))
        self.page.on("console", self._heard)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, route: str = "") -> None:
        """Open a page of the console and wait until it has its heading."""
        self.page.goto(f"{self._console.url}#/{route}")
        self.page.locator("h1").wait_for()

    def row(self, text: str) -> Locator:
        """Return the row of a table that has this text."""
        return self.page.get_by_role("row").filter(has_text=text)

    def leave(self) -> None:
        """Close the tab; raises AssertionError for what went wrong in it."""
        self._context.close()
        foreign = [url for url in self.asked if not url.startswith(self._console.cloud_url)]
        assert not foreign, f"other hosts were asked: {foreign}"
        assert not self.faults, self.faults

    def _heard(self, message: ConsoleMessage) -> None:
        refused = "the server responded with a status of 4" in message.text  # a refusal is shown in the page
        if message.type == "error" and not refused:
            self.faults.append(message.text)
