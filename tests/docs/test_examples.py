"""Every policy file that a page shows can be used as it stands there."""

from __future__ import annotations

import re

import pytest
from cbsnap.model import Plan
from cbsnap.policyfile import parse

from .pages import Block, fences

SHOWN = [one for one in fences() if one.kind == "yaml" and re.search(r"^policies:", one.text, re.MULTILINE)]


def test_the_pages_show_policy_files() -> None:
    assert len(SHOWN) > 5


@pytest.mark.parametrize("block", SHOWN, ids=[block.place for block in SHOWN])
def test_a_policy_file_in_a_page_is_right(block: Block) -> None:
    assert isinstance(parse(block.text, block.place), Plan)
