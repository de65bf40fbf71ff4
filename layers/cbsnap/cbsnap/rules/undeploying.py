"""Going back: which versions are called again, and what is removed when a deployment ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.deployment import PREVIOUS, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cbsnap.deployment import Found, FoundFunction, FoundLayer


@dataclass(frozen=True)
class Step:
    """One function that goes back from a version to the one that was called before it."""

    function: str
    current: str
    previous: str

    @property
    def row(self) -> Row:
        """What it says in the plan."""
        return Row("function", self.function, "update", f"version {self.current} to {self.previous}")


@dataclass(frozen=True)
class Removal:
    """What a deployment made, and what only looks like it and stays."""

    functions: tuple[FoundFunction, ...]
    layers: tuple[tuple[str, int], ...]
    rows: tuple[Row, ...]


def back(found: Found, deployment: str) -> list[Step]:
    """Return the functions that the newest release has changed, each with what was called before.

    One that it did not change stays: what was called before that is older than the release before.
    """
    ours = [one for one in found.functions if one.owner == deployment]
    newest = max((one.live.release for one in ours if one.live), default="")
    steps = []
    for one in ours:
        live, previous = one.live, one.published(one.aliases.get(PREVIOUS, ""))
        if live and live.release == newest and previous and previous.version != live.version:
            steps.append(Step(one.name, live.version, previous.version))
    return steps


def removal(found: Found, deployment: str) -> Removal:
    """Return what is removed; a layer's version that we did not publish stays, and its layer with it."""
    functions = tuple(one for one in found.functions if one.owner == deployment)
    versions = [
        (one.name, version, digest)
        for one in found.layers
        if one.owner == deployment
        for version, digest in sorted(one.versions.items())
    ]
    layers = tuple((name, version) for name, version, digest in versions if digest)
    rows = [
        *(row for one in functions for row in _deleted(one)),
        *(Row("layer version", f"{name} {version}", "delete") for name, version in layers),
        *_strangers(found, deployment),
        *(
            Row("layer version", f"{name} {version}", "left", "published by somebody else")
            for name, version, digest in versions
            if not digest
        ),
    ]
    return Removal(functions, layers, tuple(rows))


def _deleted(function: FoundFunction) -> Iterator[Row]:
    """Name a function and its triggers."""
    for one in function.triggers:
        why = "" if one.ours else "made by hand"
        yield Row(one.trigger.called, f"{function.name} {one.trigger.name}", "delete", why)
    number = len(function.versions)
    yield Row("function", function.name, "delete", "1 version" if number == 1 else f"{number} versions")


def _strangers(found: Found, deployment: str) -> Iterator[Row]:
    """Name what only looks like the deployment's."""
    kinds: tuple[tuple[str, Iterable[FoundFunction | FoundLayer]], ...] = (
        ("function", found.functions),
        ("layer", found.layers),
    )
    for kind, several in kinds:
        for one in several:
            if one.owner != deployment:
                yield Row(kind, one.name, "left", "not of this deployment")
