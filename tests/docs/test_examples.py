"""Every policy file that a page shows can be used as it stands there; other examples can be read."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml
from cbsnap.model.plan import Plan
from cbsnap.policyfile import parse

from .pages import Block, fences

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN = [one for one in fences() if one.kind == "yaml" and re.search(r"^policies:", one.text, re.MULTILINE)]


def test_the_pages_show_policy_files() -> None:
    assert len(SHOWN) > 5


@pytest.mark.parametrize("block", SHOWN, ids=[block.place for block in SHOWN])
def test_a_policy_file_in_a_page_is_right(block: Block) -> None:
    assert isinstance(parse(block.text, block.place), Plan)


READ: dict[str, Callable[[str], object]] = {"python": ast.parse, "json": json.loads, "yaml": yaml.safe_load}
CODE = [one for one in fences() if one.kind in READ]


@pytest.mark.parametrize("block", CODE, ids=[block.place for block in CODE])
def test_an_example_in_a_page_can_be_read(block: Block) -> None:
    READ[block.kind](block.text)
