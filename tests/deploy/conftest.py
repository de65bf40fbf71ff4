from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests

from tests.deploy.checkout import Checkout
from tests.functions.stage import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def serving(ready: Path, *options: str) -> Iterator[str]:
    """Serve a cloud in which nothing is deployed; yields its address."""
    command = [sys.executable, "-m", "localcloud", "serve", "--prefork", "--no-timers", *options]
    with subprocess.Popen([*command, "--ready-file", str(ready)]) as process:
        until("the local cloud is ready", lambda: ready.exists() or process.poll() is not None)
        try:
            yield json.loads(ready.read_text())["url"]
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("cloud") / "ready", "--rate", "0") as url:
        yield url


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[str]:
    """Serve a cloud in which every change takes its time."""
    with serving(tmp_path / "ready", "--deploy-seconds", "0.3") as url:
        yield url


@pytest.fixture
def cloud(served: str) -> str:
    """Return the address of a cloud where nothing is deployed."""
    requests.post(f"{served}/_local/reset", timeout=10).raise_for_status()
    return served


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Package the small checkout once; what has not changed is not built again."""
    made = Checkout(tmp_path_factory.mktemp("packaged") / "checkout", "")
    made.write()
    made.package()
    return made.root


@pytest.fixture
def checkout(tmp_path: Path, cloud: str, packaged: Path) -> Checkout:
    """Return a small checkout, packaged: two functions, two layers, a timer and a URL."""
    return Checkout(shutil.copytree(packaged, tmp_path / "checkout"), cloud)
