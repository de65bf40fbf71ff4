"""Long lists by the page, without reading more of the cloud's than a page needs.

A cursor says where in which target's list the last page has ended: the place, and the row before
it, by whose id the place is found again when rows have come or gone in between. A row may then be
seen twice; none is left out while fewer than a hundred before it have gone. An answer that would
take too many calls ends early, with fewer items than asked for and a cursor to go on with.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Protocol, TypeVar

from fastapi import Query
from pydantic import BaseModel, TypeAdapter

from cbsnap.entry.http.places import Regional
from cbsnap.errors import InputError

MOST_ITEMS = 1000
MOST_READS = 25  # pages of the cloud's lists for one answer: 20 requests a second are allowed (362/15648)
_PAGE = 100


class Paged(Regional):
    """A query for some of a list."""

    limit: Annotated[int, Query(ge=1, le=MOST_ITEMS, description="items of one answer, at most")] = 100
    cursor: Annotated[
        str | None, Query(max_length=400, description="where the answer before has ended: its `next_cursor`")
    ] = None


class Row(Protocol):
    """What a list of the cloud's holds."""

    @property
    def id(self) -> str:
        """Return the cloud's own id."""


R = TypeVar("R", bound=Row)
T = TypeVar("T")
Source = Callable[[int], tuple[list[R], int]]  # from a place: its rows, and how many there are in all
Keep = Callable[[int, Sequence[R]], Sequence[T | None]]  # a source's number and rows: items, None to skip


class Page(BaseModel, Generic[T]):
    """Some items of a list; `next_cursor` is null at its end."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go on: in which source, before which row; `after` is the id of the row before it."""

    source: int = 0
    offset: int = 0
    after: str = ""

    def __str__(self) -> str:
        """Return the cursor."""
        return base64.urlsafe_b64encode(_PLACES.dump_json((self.source, self.offset, self.after))).decode()


_Numbers = Annotated[int, Query(ge=0, le=10**9)]
_PLACES: TypeAdapter[tuple[int, int, str]] = TypeAdapter(tuple[_Numbers, _Numbers, str])


def place(cursor: str | None) -> Place:
    """Return what a cursor says. Raises InputError for one that is not of ours."""
    if cursor is None:
        return Place()
    try:
        return Place(*_PLACES.validate_json(base64.urlsafe_b64decode(cursor)))
    except ValueError as wrong:
        raise InputError("cursor", "is not one of ours: give next_cursor as it was, or none") from wrong


def page(sources: Sequence[Source[R]], keep: Keep[R, T], asked: Paged) -> dict[str, Any]:
    """Return a page's items and its cursor, read from the sources one after the other."""
    items: list[T] = []
    for reads, batch in enumerate(_batches(sources, place(asked.cursor)), start=1):
        for at, item in enumerate(keep(batch.source, batch.rows), start=1):
            if item is not None:
                items.append(item)
            if len(items) == asked.limit:
                return _answer(items, batch.end(at) if batch.goes_on(at, len(sources)) else None)
        if reads == MOST_READS:
            return _answer(items, batch.end(len(batch.rows)))
    return _answer(items, None)


def cut(items: Sequence[T], asked: Paged) -> dict[str, Any]:
    """Return a page of what has been read anyway."""
    start = place(asked.cursor).offset
    end = start + asked.limit
    return _answer(items[start:end], Place(offset=end) if end < len(items) else None)


def _answer(items: Sequence[T], rest: Place | None) -> dict[str, Any]:
    return {"items": items, "next_cursor": str(rest) if rest else None}


@dataclass(frozen=True, slots=True)
class _Batch(Generic[R]):
    """Rows of a source from a place on, one at least, and how many the source has in all."""

    source: int
    offset: int
    rows: Sequence[R]
    total: int

    def end(self, rows: int) -> Place:
        """Return the place after some of the rows."""
        return Place(self.source, self.offset + rows, self.rows[rows - 1].id)

    def goes_on(self, rows: int, sources: int) -> bool:
        """Tell whether there may be more after some of the rows."""
        return self.offset + rows < self.total or self.source + 1 < sources


def _batches(sources: Sequence[Source[R]], start: Place) -> Iterator[_Batch[R]]:
    for number in range(start.source, len(sources)):
        here = start if number == start.source else Place(number)
        yield from _of_one(number, sources[number], here)


def _of_one(number: int, read: Source[R], start: Place) -> Iterator[_Batch[R]]:
    offset, rows, total = _again(read, start)
    while rows:
        yield _Batch(number, offset, rows, total)
        offset += len(rows)
        if offset >= total:
            return
        rows, total = read(offset)


def _again(read: Source[R], start: Place) -> tuple[int, list[R], int]:
    """Read from a place on, wherever its row has gone; from a hundred rows before it when that is gone."""
    if not start.offset:
        return 0, *read(0)
    for back in (1, _PAGE):
        offset = max(0, start.offset - back)
        rows, total = read(offset)
        ids = [row.id for row in rows]
        if start.after in ids:
            first = ids.index(start.after) + 1
            rest = rows[first:], total
            return offset + first, *(rest if rest[0] else read(offset + first))
    return offset, rows, total
