"""Markers in a folder that belongs to somebody else, who may have prepared it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.driver import Client, Orders


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    path = tmp_path / "victim"
    path.write_text("precious")
    return path


@pytest.mark.parametrize("name", ["pre", "post", "pre.partial", "post.partial"])
def test_a_link_in_the_folder_is_replaced_not_followed(
    client: Client, orders: Orders, victim: Path, name: str
) -> None:
    folder = orders.path.parent / ".cbsnap"
    folder.mkdir(mode=0o700)
    (folder / name).symlink_to(victim)

    lease_id = client.held()
    client.release(lease_id)

    assert victim.read_text() == "precious"
    assert lease_id in (folder / "pre").read_text()
    assert lease_id in (folder / "post").read_text()


def test_a_folder_that_is_a_link_gets_no_marker(client: Client, orders: Orders, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (orders.path.parent / ".cbsnap").symlink_to(elsewhere)

    record = client.release(client.held())

    assert any("no marker" in caveat for caveat in record["caveats"])
    assert list(elsewhere.iterdir()) == []


def test_a_folder_that_others_may_write_to_gets_no_marker(client: Client, orders: Orders) -> None:
    folder = orders.path.parent / ".cbsnap"
    folder.mkdir()
    folder.chmod(0o777)

    record = client.release(client.held())

    assert any("not the agent's alone" in caveat for caveat in record["caveats"])
    assert list(folder.iterdir()) == []


@pytest.mark.root
def test_a_folder_of_somebody_elses_gets_no_marker(client: Client, orders: Orders) -> None:
    folder = orders.path.parent / ".cbsnap"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)

    record = client.release(client.held())

    assert any("not the agent's alone" in caveat for caveat in record["caveats"])
    assert list(folder.iterdir()) == []
