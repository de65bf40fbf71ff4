"""Every link within the repository leads to a file, and to a heading that is there."""

from __future__ import annotations

import pytest

from .pages import PAGES, ROOT, anchors, links

LINKS = sorted(set(links()))


def target_of(page: str, target: str) -> str:
    """Return the path of what a page links to."""
    return ((ROOT / page).parent / target).resolve().relative_to(ROOT).as_posix() if target else page


def test_the_pages_have_links() -> None:
    assert len(LINKS) > 100


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    named = [target_of(page, target) for here, target, _ in LINKS if here == page]

    assert [one for one in named if not (ROOT / one).exists()] == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_heading_that_a_page_links_to_is_there(page: str) -> None:
    named = [(target_of(page, target), anchor) for here, target, anchor in LINKS if here == page and anchor]

    assert [one for one in named if one[0] in PAGES and one[1] not in anchors(PAGES[one[0]])] == []


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_page_is_linked_from_another(page: str) -> None:
    if page != "README.md":
        assert [here for here, target, _ in LINKS if here != page and target_of(here, target) == page]
