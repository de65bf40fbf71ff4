"""A runtime directory without room: nothing stays held for it, and no lease waits for ever."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.agent.driver import DISK, create_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.agent.driver import Agent
    from tests.system.loops import Loop

pytestmark = pytest.mark.root


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Make a runtime directory of one MiB, as tmpfs as the real one."""
    folder = tmp_path / "run"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    path = folder / "fill"
    with path.open("wb", buffering=0) as target, contextlib.suppress(OSError):
        while True:
            target.write(bytes(4096))
    return path


def test_a_release_into_a_full_directory_ends_the_lease(
    small: Path, tmp_path: Path, start_agent: Callable[..., Agent]
) -> None:
    orders = create_orders(tmp_path / "data")
    agent = start_agent(orders.plan(), runtime_dir=small)
    client = agent.client()
    lease_id = client.held()

    filled = fill(small)
    record = client.release(lease_id, {DISK: "snap-1"})
    again = client.release(lease_id, {DISK: "snap-1"})
    filled.unlink()

    assert (record["state"], record["verdict"]) == ("RELEASED", "whole")
    assert again == record
    assert orders.is_writable()
    assert client.release(client.held())["verdict"] == "whole"


def test_what_cannot_be_noted_is_not_frozen(
    small: Path, start_agent: Callable[..., Agent], make_loop: Callable[..., Loop]
) -> None:
    loop = make_loop("data")
    plan = f"[plan:orders]\nsteps = sync freeze\nmounts = {loop.mount}\ndisks = {loop.mount}={DISK}\n"
    client = start_agent(plan, runtime_dir=small).client()

    fill(small)
    record = client.lease().body

    assert (record["state"], record["reason"]) == (
        "FAILED", f"freeze of {loop.mount} failed: No space left on device",
    )  # fmt: skip
    assert loop.is_writable()
