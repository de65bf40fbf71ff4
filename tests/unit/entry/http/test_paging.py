"""Cursors: nothing is left out, whatever comes and goes between two pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from cbsnap.entry.http import paging
from cbsnap.errors import InputError
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Row:
    id: str


class Shelf:
    """A list of the cloud's, a hundred rows a page, which counts how often it is read."""

    def __init__(self, *ids: str) -> None:
        self.rows = [Row(one) for one in ids]
        self.reads = 0

    def __call__(self, offset: int) -> tuple[list[Row], int]:
        self.reads += 1
        return self.rows[offset : offset + 100], len(self.rows)


def numbered(count: int, prefix: str = "row") -> Shelf:
    return Shelf(*(f"{prefix}-{number}" for number in range(count)))


def every(_: int, rows: Sequence[Row]) -> list[str | None]:
    return [row.id for row in rows]


def walked(shelves: list[Shelf], limit: int, keep: paging.Keep[Row, str] = every) -> list[list[str]]:
    pages, cursor = [], None
    while True:
        page = paging.page(shelves, keep, paging.Paged(limit=limit, cursor=cursor))
        pages.append(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return pages


@given(st.lists(st.integers(0, 250), min_size=1, max_size=3), st.integers(1, 300))
def test_pages_together_are_the_lists_one_after_the_other(sizes: list[int], limit: int) -> None:
    shelves = [numbered(size, f"shelf-{number}") for number, size in enumerate(sizes)]

    pages = walked(shelves, limit)

    assert [one for page in pages for one in page] == [row.id for shelf in shelves for row in shelf.rows]
    assert all(len(page) <= limit for page in pages)


def test_a_page_reads_no_more_of_the_cloud_than_it_shows() -> None:
    shelf = numbered(5000)

    paging.page([shelf, numbered(5000)], every, paging.Paged(limit=200, cursor=None))

    assert shelf.reads == 2


def test_an_answer_that_would_take_too_many_calls_ends_early_and_goes_on() -> None:
    shelf = numbered(paging.MOST_READS * 100 + 150)

    def last_only(_: int, rows: Sequence[Row]) -> list[str | None]:
        return [row.id if row is shelf.rows[-1] else None for row in rows]

    pages = walked([shelf], 10, last_only)

    assert pages == [[], [shelf.rows[-1].id]]


@pytest.mark.parametrize("new", [1, 3, 99])
def test_rows_that_come_before_the_place_are_not_seen_twice(new: int) -> None:
    shelf = numbered(300)
    first = paging.page([shelf], every, paging.Paged(limit=150, cursor=None))
    shelf.rows = [*(Row(f"new-{number}") for number in range(new)), *shelf.rows]

    second = paging.page([shelf], every, paging.Paged(limit=150, cursor=first["next_cursor"]))

    assert set(second["items"]) >= {f"row-{number}" for number in range(150, 200)}
    if new < 100:
        assert second["items"][0] == "row-150"


@pytest.mark.parametrize("gone", [1, 30, 98])
def test_rows_that_go_before_the_place_leave_none_out(gone: int) -> None:
    shelf = numbered(300)
    first = paging.page([shelf], every, paging.Paged(limit=150, cursor=None))
    shelf.rows = shelf.rows[gone:]

    second = paging.page([shelf], every, paging.Paged(limit=150, cursor=first["next_cursor"]))

    assert second["items"] == [f"row-{number}" for number in range(150, 300)]


def test_none_is_left_out_when_the_very_row_of_the_place_has_gone() -> None:
    shelf = numbered(300)
    first = paging.page([shelf], every, paging.Paged(limit=150, cursor=None))
    shelf.rows = [row for row in shelf.rows if row.id not in {"row-149", "row-0", "row-1"}]

    second = paging.page([shelf], every, paging.Paged(limit=1000, cursor=first["next_cursor"]))

    assert set(second["items"]) >= {f"row-{number}" for number in range(150, 300)}


@pytest.mark.parametrize("cursor", ["", "x", "W10=", "é", "WzAsLTEsIiJd", "bm90IGpzb24="])
def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(InputError) as refused:
        paging.page([numbered(3)], every, paging.Paged(limit=1, cursor=cursor))

    assert refused.value.field == "cursor"
