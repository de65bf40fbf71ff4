"""Markers in a folder that belongs to somebody else, who may have prepared it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.agent.driver import Client, Orders


@pytest.mark.parametrize("link", [os.symlink, os.link])
@pytest.mark.parametrize("name", [".cbsnap-pre", ".cbsnap-post"])
def test_nothing_is_written_through_a_link(
    client: Client, orders: Orders, tmp_path: Path, name: str, link: Callable[[Path, Path], None]
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    link(victim, orders.path.parent / name)

    record = client.release(client.held())

    assert victim.read_text() == "precious"
    assert any("no marker" in caveat for caveat in record["caveats"])
