"""Markers in a folder that belongs to somebody else, who may have prepared it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.agent.driver import Client, Orders


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text("precious")
    return path


def link(victim: Path, there: Path) -> None:
    there.symlink_to(victim)


def hard_link(victim: Path, there: Path) -> None:
    os.link(victim, there)


def pipe(_: Path, there: Path) -> None:
    os.mkfifo(there)


@pytest.mark.parametrize("name", ["pre", "post"])
@pytest.mark.parametrize("prepare", [link, hard_link, pipe])
def test_what_is_no_plain_file_is_not_written_through(
    client: Client, orders: Orders, victim: Path, name: str, prepare: Callable[[Path, Path], None]
) -> None:
    prepare(victim, orders.path.parent / f".cbsnap-{name}")

    record = client.release(client.held())

    assert record["verdict"] == "whole"
    assert any("marker" in caveat for caveat in record["caveats"])
    assert victim.read_text() == "precious"


def test_markers_are_the_agents_alone_to_read_and_write(client: Client, orders: Orders) -> None:
    lease_id = client.held()

    client.release(lease_id)

    for name in ("pre", "post"):
        marker = orders.path.parent / f".cbsnap-{name}"
        assert lease_id in marker.read_text()
        assert marker.stat().st_mode & 0o777 == 0o600
