"""What is deployed: functions with their versions, aliases and triggers, and layers.

It decides what a name and a qualifier stand for. It runs nothing.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from localcloud.runtime.function import LATEST, Function, Key, LayerRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from localcloud.runtime.cron import Cron

DEFAULT_ALIAS = "$DEFAULT"
ACTIVE = "Active"


class NotDeployedError(LookupError):
    """No function, version or alias of this name."""


@dataclass
class Alias:
    """A name for a version; `weights` sends a part of the calls, from 0 to 1, to further versions."""

    name: str
    version: str
    added_s: float = 0.0
    modified_s: float = 0.0
    description: str = ""
    weights: dict[str, float] = field(default_factory=dict)

    def pick(self) -> str:
        """Return the version that the next call goes to."""
        others = sum(self.weights.values())
        chances = [1 - others, *self.weights.values()]
        return random.choices([self.version, *self.weights], chances)[0]  # noqa: S311 - nothing is kept secret


@dataclass
class Timer:
    """A timer trigger; `argument` becomes the event's Message."""

    name: str
    cron: Cron
    enabled: bool = True
    argument: str = ""
    qualifier: str = LATEST
    description: str = ""
    added_s: float = 0.0
    modified_s: float = 0.0


@dataclass
class Url:
    """A function URL; `open` says whether any network reaches it."""

    open: bool = True
    name: str = "url"
    qualifier: str = LATEST
    added_s: float = 0.0
    extranet: bool = True
    intranet: bool = False
    enabled: bool = True
    description: str = ""


@dataclass(frozen=True)
class Source:
    """A trigger of another service, `cos`, `cmq` or `ckafka`: its messages are delivered by hand only."""

    kind: str
    name: str
    enabled: bool


@dataclass
class Deployed:
    """One function with all that belongs to it; `reserved_mib` bounds it and is kept free for it.

    `change` is what is being done to it until `settled_s`, in the platform's words: Creating, Updating, …
    """

    versions: dict[str, Function]
    aliases: dict[str, Alias] = field(default_factory=lambda: {DEFAULT_ALIAS: Alias(DEFAULT_ALIAS, LATEST)})
    timers: dict[str, Timer] = field(default_factory=dict)
    url: Url | None = None
    sources: list[Source] = field(default_factory=list)
    retries: int = 2
    event_age_s: int = 6 * 3600
    dead_letter: str | None = None
    reserved_mib: int | None = None
    published: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    change: str = ""
    settled_s: float = 0.0

    def status(self, now_s: float) -> str:
        """Return what it is about (583/37883)."""
        return self.change if now_s < self.settled_s else ACTIVE

    def publish(self, now_s: float, description: str) -> Function:
        """Make a version of what is latest now; its number is never used again."""
        self.published += 1
        version = str(self.published)
        self.versions[version] = replace(
            self.latest, version=version, description=description, added_s=now_s, modified_s=now_s
        )
        return self.versions[version]

    @property
    def latest(self) -> Function:
        """Return the version that can still be changed."""
        return self.versions[LATEST]

    @property
    def key(self) -> Key:
        """Return where it lives."""
        return self.latest.key

    def resolve(self, qualifier: str) -> Function:
        """Return the version that a version's or an alias's name stands for now; raises NotDeployedError."""
        alias = self.aliases.get(qualifier)
        version = alias.pick() if alias else qualifier
        if version not in self.versions:
            raise NotDeployedError(qualifier)
        return self.versions[version]


@dataclass(frozen=True)
class Layer:
    """One version of a layer; its folder does not exist when it has not been built."""

    ref: LayerRef
    folder: Path
    runtimes: tuple[str, ...] = ("Python3.10",)
    description: str = ""
    licence: str = ""
    sha256: str = ""
    added_s: float = 0.0
    settled_s: float = 0.0
    tags: Mapping[str, str] = field(default_factory=dict)

    def status(self, now_s: float) -> str:
        """Return what it is about (583/37883)."""
        return "Publishing" if now_s < self.settled_s else ACTIVE


@dataclass
class Catalog:
    """All that is deployed; layers belong to an account's region."""

    functions: dict[Key, Deployed] = field(default_factory=dict)
    layers: dict[tuple[str, str], dict[LayerRef, Layer]] = field(default_factory=dict)

    def add(self, deployed: Deployed) -> None:
        """Enter a function."""
        self.functions[deployed.key] = deployed

    def find(self, key: Key) -> Deployed:
        """Return a function; raises NotDeployedError."""
        try:
            return self.functions[key]
        except KeyError:
            raise NotDeployedError(key.name) from None

    def named(self, name: str) -> list[Deployed]:
        """Return the functions of this name, wherever they live."""
        return [each for each in self.functions.values() if each.key.name == name]

    def namespaces(self, uin: str, region: str) -> set[str]:
        """Return the namespaces of an account's region: default, and those that hold functions."""
        return {"default"} | {key.namespace for key in self.functions if key[:2] == (uin, region)}

    def state(self) -> dict[str, object]:
        """Show what there is."""
        functions = {
            "/".join(key[1:]): {
                "versions": list(each.versions),
                "aliases": {alias.name: alias.version for alias in each.aliases.values()},
                "timers": list(each.timers),
                "url": each.url is not None,
                "tags": each.tags,
            }
            for key, each in self.functions.items()
        }
        layers = {
            f"{region}/{ref.name}/{ref.version}" for (_, region), held in self.layers.items() for ref in held
        }
        return {"functions": functions, "layers": sorted(layers)}

    def timers(self) -> Iterator[tuple[Deployed, Timer]]:
        """Return every timer with its function."""
        for deployed in self.functions.values():
            for timer in deployed.timers.values():
                yield deployed, timer

    def layers_of(self, uin: str, region: str) -> dict[LayerRef, Layer]:
        """Return the layers of an account's region, to be looked at or changed."""
        return self.layers.setdefault((uin, region), {})

    def folders(self, function: Function) -> list[Path]:
        """Return the folders of a function's layers; raises NotDeployedError."""
        layers = self.layers_of(function.key.uin, function.key.region)
        for ref in function.layers:
            if ref not in layers:
                raise NotDeployedError(ref.name)
        return [layers[ref].folder for ref in function.layers]
