"""The page on `maintain` names all that it does and finds, and the calls that its role needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cbsnap.upkeep import Action, Trouble

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/maintaining.md").read_text()
LIFECYCLE = (ROOT / "layers/cbsnap/cbsnap/tencent/lifecycle.py").read_text()
ROWS = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("word", [one.value for one in (*Action, *Trouble)])
def test_every_change_and_finding_has_a_row(word: str) -> None:
    assert any(f"`{word}`" in cell for cell in ROWS)


def test_the_role_is_given_every_call_that_is_made() -> None:
    made = set(re.findall(r'"((?:Copy|Delete|Describe|Modify)\w+)"', LIFECYCLE))

    assert len(made) >= 5
    assert all(f"`{call}`" in PAGE for call in made), made
