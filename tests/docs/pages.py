"""What the pages hold, taken apart: headings, links, blocks of commands.

A command stands in a fence of the kind `console`, or of none, behind `$ `; one that goes on in the next
line ends with a backslash. All else in such a fence is what the commands print.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8")
    for page in (*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md")))
}
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
COMMAND = re.compile(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fence: where it stands, of which kind it is, and what is in it."""

    page: str
    line: int
    kind: str
    text: str

    @property
    def commands(self) -> list[str]:
        return COMMAND.findall(self.text) if self.kind in {"console", ""} else []

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def fences() -> Iterator[Block]:
    for page, text in PAGES.items():
        for found in FENCE.finditer(text):
            yield Block(page, text[: found.start()].count("\n") + 1, found[1].strip(), found[2])


def prose(text: str) -> str:
    """Return a page without its fences, in which nothing is a link or a heading."""
    return FENCE.sub("", text)


def anchors(text: str) -> set[str]:
    """Return the names by which a page's headings can be linked, as readers of Markdown make them."""
    headings = re.findall(r"^#{1,6} (.+)$", prose(text), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", one).lower()).replace(" ", "-") for one in headings
    }


def links() -> Iterator[tuple[str, str, str]]:
    """Yield each link within the repository: its page, its target, the heading that it names or nothing."""
    for page, text in PAGES.items():
        for _, target, anchor in LINK.findall(prose(text)):
            if ":" not in target:
                yield page, target, anchor


def code(*pages: str) -> str:
    """Return what stands in backquotes or fences on the pages, on all if none is named."""
    chosen = [PAGES[page] for page in pages or PAGES]
    return "\n".join(
        span
        for text in chosen
        for span in (*re.findall(r"`([^`\n]+)`", text), *(one[2] for one in FENCE.finditer(text)))
    )
