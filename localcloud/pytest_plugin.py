"""A pytest fixture with a local cloud in the test's own process, so that its clock and state are at hand.

    def test_takes_a_snapshot(localcloud):
        client = my_client(localcloud.endpoint, localcloud.secret_id, localcloud.secret_key)
        ...
        localcloud.cloud.clock.advance(60)

Its fleet is the built-in example; `@pytest.mark.fleet("fleet.yml")` names another file, beside the test's
own, and the text of one is taken, too. Rates are not limited. Names stay the same from version to version.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from localcloud.app import create_app
from localcloud.cloud import Cloud, Settings
from localcloud.contents import Contents
from localcloud.fleet import load
from localcloud.server import listen, make_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

    from localcloud.service import Runtime


@dataclass(frozen=True)
class LocalCloud:
    """A served cloud: where it answers, who may call it, and the cloud itself."""

    url: str
    cloud: Cloud

    @property
    def endpoint(self) -> str:
        """Return host and port, as the SDK's HttpProfile takes them together with `protocol="http"`."""
        return self.url.removeprefix("http://")

    @property
    def secret_id(self) -> str:
        """Return the first account's SecretId."""
        return self.cloud.keyring.accounts[0].secret_id

    @property
    def secret_key(self) -> str:
        """Return the first account's SecretKey."""
        return self.cloud.keyring.accounts[0].secret_key


@dataclass
class Stage:
    """One server for the whole session; the test at hand puts its own cloud on it."""

    url: str
    app: Starlette | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the cloud that is there now."""
        if self.app is None:
            raise RuntimeError("no test is using the local cloud")
        await self.app(scope, receive, send)

    @contextmanager
    def showing(self, cloud: Cloud, runtime: Runtime | None = None) -> Iterator[LocalCloud]:
        """Serve this cloud for a while; the runtime is neither started nor stopped."""
        self.app = create_app(cloud, runtime)
        yield LocalCloud(self.url, cloud)
        self.app = None


@contextmanager
def staged() -> Iterator[Stage]:
    """Serve from a thread on a free port of this machine; for programs that are no test, too."""
    with listen("127.0.0.1", 0) as listener:
        stage = Stage(f"http://127.0.0.1:{listener.getsockname()[1]}")
        server = make_server(stage, lifespan=False)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield stage
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def localcloud_stage() -> Iterator[Stage]:
    """Serve for the whole session."""
    with staged() as stage:
        yield stage


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "fleet(file): the fleet of the localcloud fixture: a path, or its text"
    )


@pytest.fixture
def localcloud(
    request: pytest.FixtureRequest, tmp_path: Path, localcloud_stage: Stage
) -> Iterator[LocalCloud]:
    """Serve a cloud for one test."""
    marker = request.node.get_closest_marker("fleet")
    fleet = _file(marker.args[0], request.path.parent, tmp_path) if marker else None
    with localcloud_stage.showing(make_cloud(fleet, tmp_path / "localcloud-copies")) as served:
        yield served


def make_cloud(fleet: Path | None, copies: Path) -> Cloud:
    """Make a cloud whose rates are not limited; `copies` is where snapshots' bytes would lie."""
    return Cloud(lambda clock: load(fleet, clock), Contents(copies), Settings(rate=0))


def _file(fleet: str | Path, beside: Path, own: Path) -> Path:
    """Return the file that a marker means: one beside the test's own, or one with the text that it gives."""
    if isinstance(fleet, Path) or "\n" not in fleet:
        return beside / fleet
    path = own / "fleet.yml"
    path.write_text(fleet)
    return path
