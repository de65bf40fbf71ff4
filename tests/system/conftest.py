"""Real filesystems on loop devices, for an agent that runs as root."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.agent.conftest import agent_python, start_agent
from tests.system.loops import Loop, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["agent_python", "start_agent"]  # the fixtures of the agent's own tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs root, and say so."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root: loop devices, mounts, freezes"))


@pytest.fixture
def make_loop(tmp_path: Path) -> Iterator[Callable[..., Loop]]:
    """Make mounted filesystems that go with the test, thawed if need be."""
    loops: list[Loop] = []

    def make(name: str, fstype: str = "ext4", size_mib: int = 64, folder: Path = tmp_path) -> Loop:
        for tool in missing(f"mkfs.{fstype}", "losetup", "mount"):
            pytest.skip(f"{tool} is not installed")
        loops.append(Loop(folder / f"{name}.img", tmp_path / name, fstype, size_mib).make())
        return loops[-1]

    yield make
    for loop in loops:
        loop.thaw()
    for loop in reversed(loops):
        loop.remove()
