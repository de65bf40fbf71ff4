"""What the command line's commands call, for the rights of the people who type them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

BY_DEPLOYING: set[str] = set()  # in this session


@contextmanager
def noted(url: str, called: set[str]) -> Iterator[None]:
    """Note which actions are called meanwhile, by others than the functions."""
    before = len(_calls(url))
    yield
    since = [one for one in _calls(url)[before:] if not one.get("function")]
    called |= {f"{one['service']}:{one['action']}" for one in since if one.get("action")}


def _calls(url: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = requests.get(f"{url}/_local/requests", timeout=30).json()["requests"]
    return found
