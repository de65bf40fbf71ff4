"""Going back: which versions are called again, and what is removed when a deployment ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cbsnap.deployment import PREVIOUS, Row

if TYPE_CHECKING:
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
    layers = tuple(
        (one.name, version)
        for one in found.layers
        if one.owner == deployment
        for version, digest in sorted(one.versions.items())
        if digest
    )
    rows = []
    for function in functions:
        rows += [
            Row(
                one.trigger.called,
                f"{function.name} {one.trigger.name}",
                "delete",
                "" if one.ours else "made by hand",
            )
            for one in function.triggers
        ]
        number = len(function.versions)
        what = "1 version" if number == 1 else f"{number} versions"
        rows.append(Row("function", function.name, "delete", what))
    rows += [Row("layer version", f"{name} {version}", "delete") for name, version in layers]
    strangers: list[tuple[str, FoundFunction | FoundLayer]] = [
        *(("function", one) for one in found.functions),
        *(("layer", one) for one in found.layers),
    ]
    rows += [
        Row(kind, one.name, "left", "not of this deployment")
        for kind, one in strangers
        if one.owner != deployment
    ]
    rows += [
        Row("layer version", f"{one.name} {version}", "left", "published by somebody else")
        for one in found.layers
        if one.owner == deployment
        for version, digest in sorted(one.versions.items())
        if not digest
    ]
    return Removal(functions, layers, tuple(rows))
