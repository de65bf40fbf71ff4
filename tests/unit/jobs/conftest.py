"""The scene of the bracket's tests; what tests something else sets its own."""

from __future__ import annotations

import pytest

from .scene import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()
