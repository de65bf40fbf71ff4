from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .stage import Stage, built

if TYPE_CHECKING:
    from collections.abc import Iterator

RIGHTS = Path(__file__).with_name("test_rights.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the rights come last: what they are held against is what all other tests have called."""
    items.sort(key=lambda item: item.path == RIGHTS)


@pytest.fixture(scope="session")
def running_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with built(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def stage(running_stage: Stage) -> Stage:
    """Return a cloud as its fleet says, with our functions and a host under an agent."""
    running_stage.reset()
    return running_stage
