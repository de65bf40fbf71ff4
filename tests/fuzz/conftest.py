"""What all targets share: a long example that fails is shown, not turned into a warning about its length."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.pytest_plugin import localcloud_stage, pytest_configure

__all__ = ["localcloud_stage", "pytest_configure"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning"))
