"""The part of the log service's query language that is emulated.

Words, "quoted words" and `key:value`, joined by AND, OR and NOT, without parentheses; AND binds closer, and
is meant where nothing stands between two. A `*` at a value's end stands for any rest; `*` alone is all.
Letters count alike in both cases. Comparisons and SQL are not emulated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.cls.errors import QuerySyntaxError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TERM = re.compile(
    r'\s*(?:(?P<word>AND|OR|NOT)\b|(?:(?P<key>[\w.]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"():|<>=]+)))',
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Term:
    """One thing to look for, in one field or in all; or for its absence."""

    key: str
    value: str
    wanted: bool

    def fits(self, record: Mapping[str, object]) -> bool:
        """Say whether a record has it, or has it not where that is wanted."""
        fields = [record.get(self.key, "")] if self.key else record.values()
        return self.wanted == any(self._in(str(each).lower()) for each in fields)

    def _in(self, text: str) -> bool:
        value = self.value.lower()
        if value.endswith("*"):
            return any(word.startswith(value[:-1]) for word in (text, *re.split(r"\W+", text)))
        return value in text


def read_query(query: str) -> list[list[Term]]:
    """Read a query into alternatives, each a list of terms that must all fit; raises a syntax error."""
    alternatives: list[list[Term]] = [[]]
    at, wanted = 0, True
    text = query.strip()
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise QuerySyntaxError(query=query)
        at = match.end()
        word = (match["word"] or "").upper()
        if word == "OR":
            alternatives.append([])
        elif not word:
            value = match["quoted"] if match["quoted"] is not None else match["plain"]
            alternatives[-1].append(Term(match["key"] or "", value, wanted))
        wanted = word != "NOT"
    return alternatives


def fits(alternatives: list[list[Term]], record: Mapping[str, object]) -> bool:
    """Say whether a record is what a query asks for."""
    return any(all(term.fits(record) for term in terms) for terms in alternatives)
