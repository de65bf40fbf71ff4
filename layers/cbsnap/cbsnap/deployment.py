"""What a deployment is made of: layers, functions and triggers, as they should be and as they are.

Values only. What has to be done to get from one to the other is decided in `rules/deploying.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LATEST, DEFAULT = "$LATEST", "$DEFAULT"  # what can be changed, and what everybody calls
PREVIOUS = "cbsnap-previous"  # the alias of what $DEFAULT stood for before
OWNER = "cbsnap:deployment"  # the tag that tells what is ours, on functions and layers


@dataclass(frozen=True)
class WantedLayer:
    """A layer; `sha256` is its zip file's, hex."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Settings:
    """A function's settings, but for its layers; `network` is VPC and subnet, `log` set and topic."""

    handler: str
    runtime: str
    description: str
    role: str
    memory_mib: int
    timeout_s: int
    init_timeout_s: int
    environment: Mapping[str, str]
    network: tuple[str, str] = ("", "")
    public: bool = True
    log: tuple[str, str] = ("", "")
    dead_letter: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True)
class Retrying:
    """How asynchronous events are treated: tries after the first, and seconds that one is kept."""

    retries: int
    age_s: int


@dataclass(frozen=True)
class Trigger:
    """A timer (`cron`, `argument`) or a function's URL (`auth`, and which networks reach it)."""

    kind: str
    name: str
    enabled: bool = True
    cron: str = ""
    argument: str = ""
    auth: str = ""
    extranet: bool = False
    intranet: bool = False

    @property
    def called(self) -> str:
        """What it is called in a plan."""
        return "URL" if self.kind == "http" else self.kind


@dataclass(frozen=True)
class WantedFunction:
    """A function; `sha256` is its code's zip file's, `layers` are names in the order of their binding."""

    name: str
    sha256: str
    settings: Settings
    layers: tuple[str, ...]
    retrying: Retrying
    triggers: tuple[Trigger, ...] = ()

    def described(self, release: str) -> str:
        """Return the description of a version that has the code; without it, just the settings' own."""
        return f"{self.settings.description} Code {self.sha256}. Release {release}.".strip()


@dataclass(frozen=True)
class Wanted:
    """What should be there, in one region and namespace."""

    deployment: str
    layers: tuple[WantedLayer, ...]
    functions: tuple[WantedFunction, ...]


@dataclass(frozen=True)
class FoundLayer:
    """A layer. `owner` is the deployment that its tag names; `versions` maps number to the digest of its zip.

    The digest is what our own description says, and empty for a version that is not ours.
    """

    name: str
    owner: str
    versions: Mapping[int, str]


@dataclass(frozen=True)
class FoundVersion:
    """One version of a function. `sha256` and `release` are as its description says, or empty."""

    version: str
    sha256: str
    release: str
    settings: Settings
    layers: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class FoundTrigger:
    """A trigger; `ours` when its description says so. `qualifier` is what it calls."""

    trigger: Trigger
    qualifier: str
    ours: bool


@dataclass(frozen=True)
class FoundFunction:
    """A function with its published `versions`, oldest first, and what its aliases stand for."""

    name: str
    owner: str
    latest: FoundVersion
    versions: tuple[FoundVersion, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    retrying: Retrying | None = None
    triggers: tuple[FoundTrigger, ...] = ()

    @property
    def live(self) -> FoundVersion | None:
        """The published version that is called; None where everybody calls what can still change."""
        return self.published(self.aliases.get(DEFAULT, LATEST))

    def published(self, version: str) -> FoundVersion | None:
        """Return a published version."""
        return next((one for one in self.versions if one.version == version), None)


@dataclass(frozen=True)
class Found:
    """What is there, ours or not."""

    layers: tuple[FoundLayer, ...] = ()
    functions: tuple[FoundFunction, ...] = ()

    def layer(self, name: str) -> FoundLayer | None:
        """Return a layer."""
        return next((one for one in self.layers if one.name == name), None)

    def function(self, name: str) -> FoundFunction | None:
        """Return a function."""
        return next((one for one in self.functions if one.name == name), None)


@dataclass(frozen=True)
class Row:
    """One line of what would be done. `action`: create, update, replace, same, delete or left."""

    kind: str
    name: str
    action: str
    why: str = ""
