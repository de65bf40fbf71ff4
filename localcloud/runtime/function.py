"""What a function is: one version's code and settings, which never change once it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

LATEST = "$LATEST"


class Key(NamedTuple):
    """Where a function lives; its name is unique there."""

    uin: str
    region: str
    namespace: str
    name: str


class LayerRef(NamedTuple):
    """One version of a layer."""

    name: str
    version: int


@dataclass(frozen=True)
class Function:
    """One version of a function. `source` is its code, unpacked; two that are equal can share instances."""

    key: Key
    handler: str
    source: Path
    version: str = LATEST
    memory_mib: int = 128
    time_limit_s: int = 3
    init_limit_s: int = 65
    environment: tuple[tuple[str, str], ...] = ()
    layers: tuple[LayerRef, ...] = ()
    role: str = ""
    description: str = ""
    runtime: str = "Python3.10"
    code_bytes: int = 0

    @property
    def name(self) -> str:
        """Return its name."""
        return self.key.name
