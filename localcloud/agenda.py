"""What will happen, and when: the states that advance with time.

An entry is data (a moment, the name of a transition, its arguments), so that it can be kept and read back.
Nothing runs by itself: whoever is about to look at the world asks for what is due first.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Entry(NamedTuple):
    """One transition to come; `order` keeps entries of the same moment in the order they were made."""

    due_s: float
    order: int
    transition: str
    arguments: tuple[str, ...]


@dataclass
class Agenda:
    """The entries to come, earliest first; moments are seconds of the cloud's clock."""

    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Go on counting after the entries that there are."""
        self._orders = count(max((each.order for each in self.entries), default=-1) + 1)

    def add(self, due_s: float, transition: str, *arguments: str) -> None:
        """Let `transition` happen at `due_s`."""
        heapq.heappush(self.entries, Entry(due_s, next(self._orders), transition, arguments))

    def due(self, now_s: float) -> Iterator[Entry]:
        """Take out what is due, one after the other; what these add in turn is seen, too."""
        while self.entries and self.entries[0].due_s <= now_s:
            yield heapq.heappop(self.entries)
