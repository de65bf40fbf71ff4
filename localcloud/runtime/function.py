"""What a function is: one version's code and settings, which never change once it is made.

`network` (VPC and subnet) and `public` are kept and shown; here everything is reached without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

LATEST = "$LATEST"

# Bounds of 583/11637 and the SDK's models; of INIT_LIMITS_S and AGES_S, the lower end is inferred.
MEMORY_SIZES_MIB = (64, *range(128, 3073, 128))
TIME_LIMITS_S = range(1, 901)
INIT_LIMITS_S = range(3, 301)
RETRIES = range(3)
AGES_S = range(60, 6 * 3600 + 1)
LAYERS_LIMIT = 5
ENVIRONMENT_LIMIT_BYTES = 4096
RESERVED_PREFIXES = ("SCF_", "QCLOUD_", "TENCENTCLOUD_")


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
    log_set: str = ""
    log_topic: str = ""
    network: tuple[str, str] = ("", "")
    public: bool = True
    description: str = ""
    runtime: str = "Python3.10"
    code_bytes: int = 0
    added_s: float = 0.0
    modified_s: float = 0.0

    @property
    def name(self) -> str:
        """Return its name."""
        return self.key.name
