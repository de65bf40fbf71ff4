"""How lists are asked for: filters, order, pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from localcloud.errors import ApiError, InvalidFilter, InvalidParameterValueLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from localcloud.resources import Tags

Row = TypeVar("Row")


@dataclass(frozen=True)
class Filter:
    """Rows whose `name` is one of `values`."""

    name: str
    values: list[str]


def as_key(filters: Sequence[Filter] | None) -> tuple[tuple[str, ...], ...]:
    """Return what tells one question's filters from another's."""
    return tuple((one.name, *one.values) for one in filters or ())


def tag_values(name: str, tags: Tags) -> Iterable[str] | None:
    """Return what a tag filter compares: `tag-key`, `tag-value` or `tag:<key>`; None for any other filter."""
    if name == "tag-key":
        return tags
    if name == "tag-value":
        return tags.values()
    if name.startswith("tag:"):
        return (tags[name[4:]],) if name[4:] in tags else ()
    return None


@dataclass(frozen=True)
class Columns(Generic[Row]):
    """What a list can be filtered by: each filter's name and the values of a row that it compares.

    Filters are and-ed, the values of one are or-ed. `tags` gives the three tag filters. `most` bounds the
    number of values of one filter, `values_at_most` that of any other; `too_many` is the error beyond.
    """

    columns: Mapping[str, Callable[[Row], Iterable[str]]]
    tags: Callable[[Row], Tags] | None = None
    most: Mapping[str, int] | None = None
    values_at_most: int = 100
    too_many: type[ApiError] = InvalidParameterValueLimitExceeded

    def choose(self, rows: Iterable[Row], filters: Sequence[Filter] | None) -> list[Row]:
        """Return the rows that every filter lets through; raises InvalidFilter for an unknown one."""
        chosen = list(rows)
        for each in filters or ():
            self._check(each)
            wanted = frozenset(each.values)
            chosen = [row for row in chosen if not wanted.isdisjoint(self._values(each.name, row))]
        return chosen

    def _check(self, one: Filter) -> None:
        tagged = self.tags is not None and tag_values(one.name, {}) is not None
        if one.name not in self.columns and not tagged:
            raise InvalidFilter(name=one.name)
        most = (self.most or {}).get(one.name, self.values_at_most)
        if len(one.values) > most:
            raise self.too_many(name=f"Filters.{one.name}", limit=most)

    def _values(self, name: str, row: Row) -> Iterable[str]:
        if name in self.columns:
            return self.columns[name](row)
        return (tag_values(name, self.tags(row)) or ()) if self.tags else ()
