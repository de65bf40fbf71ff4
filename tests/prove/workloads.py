"""What the workloads have in common: they write without pause, and can be examined when restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.system.loops import Loop

Findings = dict[str, bool]


class Workload(Protocol):
    """An application on one host."""

    name: str

    @property
    def volumes(self) -> Mapping[str, Loop]:
        """Return the filesystems that it writes to, by disk id."""

    def plan(self, steps: str) -> str:
        """Return the body of the plan with these steps, for the host's agent."""

    def start(self) -> None:
        """Start the application under load."""

    def written(self) -> int:
        """Return how much has been written and acknowledged."""

    def examine(self, mounts: Mapping[str, Path], acknowledged: int, key: str) -> Findings:
        """Start the application on restored volumes, isolated; tell of each finding whether it holds.

        `acknowledged` is what had been written before the snapshot was asked for, with the key `key`.
        """

    def stop(self) -> None:
        """End the application."""
