"""What has to be done so that a region has what a deployment wants; nothing is compared but what is said.

A layer is published when no version of ours has its bytes. A function gets a version when the one that is
called is not as wanted, unless a published one is. Code is sent where the description of what can still
be changed does not name its digest, and it names one only while it is so.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cbsnap.deployment import DEFAULT, PREVIOUS, Row
from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from cbsnap.deployment import (
        Found,
        FoundFunction,
        FoundLayer,
        FoundTrigger,
        FoundVersion,
        Settings,
        Trigger,
        Wanted,
        WantedFunction,
        WantedLayer,
    )

_WORDS = {"memory_mib": "memory", "timeout_s": "timeout", "init_timeout_s": "initTimeout", "log": "cls"}


@dataclass(frozen=True)
class LayerPlan:
    """A layer and the version that has its bytes; None: it has to be published."""

    wanted: WantedLayer
    version: int | None


@dataclass(frozen=True)
class TriggerPlan:
    """What is done about one trigger: `create`, `update`, `replace`, `delete` or `same`."""

    action: str
    trigger: Trigger
    found: FoundTrigger | None = None


@dataclass(frozen=True)
class FunctionPlan:
    """What is done about one function.

    `why` it needs another version to be called, `ready` a published one that is as wanted.
    """

    wanted: WantedFunction
    found: FoundFunction | None
    why: tuple[str, ...]
    ready: str | None
    retrying: bool
    triggers: tuple[TriggerPlan, ...]

    @property
    def action(self) -> str:
        """What is done, in a word."""
        if self.found is None:
            return "create"
        return "update" if self.why or self.retrying else "same"


@dataclass(frozen=True)
class DeployPlan:
    """All of it. `release` is the mark of a deployment that was cut short, and goes on."""

    layers: tuple[LayerPlan, ...]
    functions: tuple[FunctionPlan, ...]
    release: str
    rows: tuple[Row, ...]

    @property
    def newest(self) -> str:
        """The mark of the last release that there is, or nothing."""
        there = (version for one in self.functions if one.found for version in one.found.versions)
        return max((version.release for version in there), default="")

    @property
    def changes(self) -> int:
        """How many things would be changed."""
        return sum(row.action not in {"same", "left"} for row in self.rows)


def plan(wanted: Wanted, found: Found) -> DeployPlan:
    """Return what has to be done. Raises InputError for a name that is somebody else's."""
    layers = tuple(_layer(one, found.layer(one.name), wanted.deployment) for one in wanted.layers)
    digests = {one.name: one.sha256 for one in wanted.layers}
    functions = tuple(_function(one, found, digests, wanted.deployment) for one in wanted.functions)
    rows = [Row("layer", one.wanted.name, *_publishing(one, found)) for one in layers]
    for one in functions:
        rows.append(Row("function", one.wanted.name, one.action, ", ".join(one.why)))
        rows += [_trigger_row(one.wanted.name, trigger) for trigger in one.triggers]
    gone = superfluous(functions)
    rows += [Row("version", f"{name} {version}", "delete", "two are kept") for name, version in gone]
    rows += [
        Row("layer version", f"{name} {number}", "delete", "nothing kept has it")
        for name, number in unused(found, wanted, gone)
    ]
    return DeployPlan(layers, functions, _unfinished(functions), (*rows, *_left(wanted, found)))


def superfluous(plans: Iterable[FunctionPlan]) -> list[tuple[str, str]]:
    """Return functions and their published versions that will be neither called nor gone back to."""
    gone = []
    for one in plans:
        if one.found is None:
            continue
        called, before = one.found.aliases.get(DEFAULT), one.found.aliases.get(PREVIOUS)
        kept = {one.ready, called} if one.why else {called, before}
        ours = [each.version for each in one.found.versions if each.release]
        gone += [(one.wanted.name, version) for version in ours if version not in kept]
    return gone


def unused(found: Found, wanted: Wanted, gone: Collection[tuple[str, str]]) -> list[tuple[str, int]]:
    """Return the layers' versions of ours that nobody needs once the versions of functions in `gone` are."""
    digests = {one.sha256 for one in wanted.layers}
    used = {
        ref
        for function in found.functions
        for one in (function.latest, *function.versions)
        if (function.name, one.version) not in gone
        for ref in one.layers
    }
    return [
        (layer.name, version)
        for layer in found.layers
        if layer.owner == wanted.deployment
        for version, digest in layer.versions.items()
        if digest and digest not in digests and (layer.name, version) not in used
    ]


def check_owner(kind: str, found: FoundFunction | FoundLayer | None, deployment: str) -> None:
    """Raise InputError where something of this name is there, and not ours."""
    if found is not None and found.owner != deployment:
        whose = f"belongs to the deployment {found.owner}" if found.owner else "was not made by cbsnap deploy"
        raise InputError(
            found.name,
            f"a {kind} of this name is there already, and {whose}: choose another name, "
            f"or hand it over with the tag cbsnap:deployment={deployment}",
        )


def _layer(wanted: WantedLayer, found: FoundLayer | None, deployment: str) -> LayerPlan:
    check_owner("layer", found, deployment)
    same = [number for number, digest in found.versions.items() if digest == wanted.sha256] if found else []
    return LayerPlan(wanted, max(same, default=None))


def _publishing(one: LayerPlan, found: Found) -> tuple[str, str]:
    if one.version is not None:
        return "same", f"version {one.version}"
    return ("update", "its bytes have changed") if found.layer(one.wanted.name) else ("create", "")


def _function(wanted: WantedFunction, there: Found, digests: dict[str, str], deployment: str) -> FunctionPlan:
    found = there.function(wanted.name)
    check_owner("function", found, deployment)
    if found is None:
        triggers = tuple(TriggerPlan("create", one) for one in wanted.triggers)
        return FunctionPlan(wanted, None, (), None, retrying=True, triggers=triggers)

    def differences(version: FoundVersion) -> tuple[str, ...]:
        return tuple(_differences(wanted, version, there, digests))

    if found.latest.settings.runtime != wanted.settings.runtime:
        raise InputError(
            f"{wanted.name}.runtime",
            f"a function's runtime cannot be changed from {found.latest.settings.runtime}: destroy it first",
        )
    live = found.live
    why = differences(live) if live else ("no version is called yet",)
    ready = [one.version for one in found.versions if not differences(one)] if why else []
    return FunctionPlan(
        wanted,
        found,
        (*why, f"version {ready[-1]} has it") if ready else why,
        ready[-1] if ready else None,
        retrying=found.retrying != wanted.retrying,
        triggers=tuple(_triggers(wanted, found)),
    )


def _differences(
    wanted: WantedFunction, version: FoundVersion, there: Found, digests: dict[str, str]
) -> Iterator[str]:
    if version.sha256 != wanted.sha256:
        yield "code"
    yield from _settings(wanted.settings, version.settings)
    bound = [(name, _digest(there, name, number)) for name, number in version.layers]
    changed = [name for name in wanted.layers if (name, digests[name]) not in bound]
    if changed or [name for name, _ in bound] != list(wanted.layers):
        yield f"layers {', '.join(changed) or 'in another order'}"


def _digest(there: Found, name: str, number: int) -> str:
    layer = there.layer(name)
    return layer.versions.get(number, "") if layer else ""


def _settings(wanted: Settings, found: Settings) -> Iterator[str]:
    """Name what differs; of variables the names only, since values can be secrets."""
    for one in fields(wanted):
        mine, theirs = getattr(wanted, one.name), getattr(found, one.name)
        if mine != theirs and one.name != "environment":
            yield _WORDS.get(one.name, one.name)
    names = sorted({**wanted.environment, **found.environment})
    if changed := [name for name in names if wanted.environment.get(name) != found.environment.get(name)]:
        yield f"environment {', '.join(changed)}"


def _triggers(wanted: WantedFunction, found: FoundFunction) -> Iterator[TriggerPlan]:
    there = {(one.trigger.kind, one.trigger.name): one for one in found.triggers}
    for trigger in wanted.triggers:
        same = there.pop((trigger.kind, trigger.name), None)
        yield TriggerPlan(_trigger_action(trigger, same), trigger, same)
    yield from (TriggerPlan("delete", one.trigger, one) for one in there.values() if one.ours)


def _trigger_action(trigger: Trigger, found: FoundTrigger | None) -> str:
    if found is None:
        return "create"
    if found.qualifier != DEFAULT:
        return "replace"  # what a trigger calls cannot be changed
    return "same" if (found.trigger, found.ours) == (trigger, True) else "update"


def _trigger_row(function: str, one: TriggerPlan) -> Row:
    why = "not in the file any more" if one.action == "delete" else one.trigger.cron
    return Row(one.trigger.called, f"{function} {one.trigger.name}", one.action, why)


def _unfinished(functions: tuple[FunctionPlan, ...]) -> str:
    """Return the release of versions that were published and never called, or nothing."""
    releases = []
    for one in functions:
        version = one.found.published(one.ready) if one.found and one.ready else None
        if version and one.found and version is one.found.versions[-1]:
            releases.append(version.release)
    return max(releases, default="")


def _left(wanted: Wanted, found: Found) -> Iterator[Row]:
    """Name what is there beside it and looks alike: it is not touched."""
    functions = {one.name: one.triggers for one in wanted.functions}
    layers = {one.name for one in wanted.layers}
    others: list[tuple[str, FoundFunction | FoundLayer]] = [
        *(("function", one) for one in found.functions if one.name not in functions),
        *(("layer", one) for one in found.layers if one.name not in layers),
    ]
    for kind, other in others:
        ours = other.owner == wanted.deployment
        yield Row(kind, other.name, "left", "not in this file" if ours else "not of this deployment")
    for function in found.functions:
        named = {(one.kind, one.name) for one in functions.get(function.name, ())}
        for one in function.triggers if function.name in functions else ():
            kind, name = one.trigger.kind, one.trigger.name
            if not one.ours and (kind, name) not in named:
                yield Row(kind, f"{function.name} {name}", "left", "made by hand")
