"""The words for what a snapshot may be trusted for."""

from __future__ import annotations

from enum import Enum


class Label(Enum):
    """What a snapshot may be trusted for, weakest first."""

    CRASH = "crash"
    FILESYSTEM = "filesystem"
    APPLICATION = "application"
    CLEAN = "clean"

    def __init__(self, _word: str) -> None:
        self.rank = len(type(self).__members__)  # place in the order of trust, 0 for the weakest
