"""What is chosen when the runtime starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localcloud.runtime.rights import Rights


@dataclass(frozen=True)
class Settings:
    """How functions run.

    `extra` is added to every function's variables. `packages` is searched after the path of a function that
    has a layer which is not built. Without `rights` every function may do everything. `url` is where the
    server is reached.
    """

    prefork: bool = False
    timers: bool = True
    retry_interval_s: float = 60.0
    concurrency_mib: int = 128_000
    burst_per_minute: int = 500
    deploy_s: float = 0.0
    extra: Mapping[str, str] = field(default_factory=dict)
    packages: str = ""
    rights: Rights | None = None
    url: str = ""
