"""Real filesystems on loop devices, for an agent that runs as root."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agent.conftest import agent_python, start_agent
from tests.system.loops import Loop, missing
from tests.system.servers import POSTGRES_BIN, MariaDb, Postgres, Redis, served_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.agent.driver import Agent

__all__ = ["agent_python", "start_agent"]  # the fixtures of the agent's own tests


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the trial be longer than it needs to be to work."""
    parser.addoption("--trials", type=int, default=2, help="cuts a mode, in the trial of each step's worth")


@pytest.fixture
def trials(request: pytest.FixtureRequest) -> int:
    """Return how many cuts a mode gets."""
    return int(request.config.getoption("--trials", 2))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs root, and say so."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root: loop devices, mounts, freezes"))


@pytest.fixture
def make_loop(tmp_path: Path, reachable: Path) -> Iterator[Callable[..., Loop]]:
    """Make mounted filesystems that go with the test, thawed if need be."""
    loops: list[Loop] = []

    def make(name: str, fstype: str = "ext4", size_mib: int = 64, folder: Path = tmp_path) -> Loop:
        for tool in missing(f"mkfs.{fstype}", "losetup", "mount"):
            pytest.skip(f"{tool} is not installed")
        loops.append(Loop(folder / f"{name}.img", reachable / name, fstype, size_mib).make())
        return loops[-1]

    yield make
    for loop in loops:
        loop.thaw()
    for loop in reversed(loops):
        loop.remove()


@pytest.fixture(scope="session")
def packed_agent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the agent as a host gets it: one file, with what it needs inside."""
    target = tmp_path_factory.mktemp("packed") / "cbsnap-agent.pyz"
    script = Path(__file__).parents[2] / "agent" / "build.py"
    subprocess.run([sys.executable, str(script), str(target)], check=True, capture_output=True)
    return target


@pytest.fixture
def start_packed(start_agent: Callable[..., Agent], packed_agent: Path) -> Callable[..., Agent]:
    """Start agents from the packed file."""
    return functools.partial(start_agent, program=(str(packed_agent),))


@pytest.fixture(scope="module")
def mariadb() -> Iterator[MariaDb]:
    """Run a MariaDB server for the module's tests."""
    for tool in missing("mariadbd", "mariadb-install-db"):
        pytest.skip(f"{tool} is not installed")
    folder = served_folder("mysql")
    server = MariaDb(folder, folder / "data").install().start().open_shop()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Make a folder that every user can reach, unlike a test's own."""
    folder = served_folder("root")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def redis() -> Iterator[Redis]:
    """Give a Redis server that the test starts."""
    for tool in missing("redis-server"):
        pytest.skip(f"{tool} is not installed")
    folder = served_folder("root")
    server = Redis(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def make_postgres() -> Iterator[Callable[..., Postgres]]:
    """Make PostgreSQL servers, over folders of their own or of the test's."""
    for tool in missing("psql", str(POSTGRES_BIN / "initdb")):
        pytest.skip(f"{tool} is not installed")
    servers: list[Postgres] = []

    def make(data: Path | None = None, wal: Path | None = None) -> Postgres:
        folder = served_folder("postgres")
        servers.append(Postgres(folder, data or folder / "data", wal).install().start())
        return servers[-1]

    yield make
    for server in servers:
        server.stop()
        shutil.rmtree(server.folder)
