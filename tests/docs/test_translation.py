"""The Chinese README does not fall behind: the same shape, code, pictures and links, in another language."""

from __future__ import annotations

import re

import pytest

from .pages import FENCE, LINK, PAGES, prose

ENGLISH, CHINESE = PAGES["README.md"], PAGES["README.zh-CN.md"]
SHAPES = {
    "headings": r"^#{1,6} ",
    "points": r"^- ",
    "rows of tables": r"^\|",
    "pictures": r"^!\[",
    "names in code": r"`[^`\n]+`",
}


def shape(text: str, of: str) -> list[str]:
    return sorted(re.findall(SHAPES[of], prose(text), re.MULTILINE))


def code(text: str) -> list[tuple[str, str]]:
    """Return the blocks of code without their comments, which are translated."""
    return [(kind, re.sub(r" +# .*", "", block)) for kind, block in FENCE.findall(text)]


@pytest.mark.parametrize("of", SHAPES)
def test_it_has_the_same_shape(of: str) -> None:
    assert shape(CHINESE, of) == shape(ENGLISH, of)


def test_its_code_is_the_same_but_for_comments() -> None:
    assert code(CHINESE) == code(ENGLISH)


def test_it_leads_to_the_same_places() -> None:
    def targets(text: str) -> list[str]:
        return sorted(
            f"{target}#{anchor}" for _, target, anchor in LINK.findall(text) if "README" not in target
        )

    assert targets(CHINESE) == targets(ENGLISH)


def test_the_figures_are_the_same() -> None:
    def figures(text: str) -> set[str]:
        return set(re.findall(r"\d[\d,.]*\d", prose(text)))

    assert figures(CHINESE) == figures(ENGLISH)


def test_it_is_chinese() -> None:
    for line in prose(CHINESE).splitlines():
        if len(line) > 60 and not line.startswith(("|", "!")):
            assert re.search(r"[\u4e00-\u9fff]", line), line
