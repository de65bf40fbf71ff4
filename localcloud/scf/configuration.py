"""A function's settings, as CreateFunction and UpdateFunctionConfiguration give them.

It decides which are allowed. What only the real platform has (file systems, plug-ins, ...) is accepted and
changes nothing; networks are kept and shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from localcloud.parameters import OneOf
from localcloud.runtime.function import (
    ENVIRONMENT_LIMIT_BYTES,
    INIT_LIMITS_S,
    LAYERS_LIMIT,
    MEMORY_SIZES_MIB,
    RESERVED_PREFIXES,
    TIME_LIMITS_S,
    Function,
    LayerRef,
)
from localcloud.scf.errors import (
    EnvironmentLimit,
    InitTimeoutLimit,
    InvalidDescription,
    InvalidMemorySize,
    LayersLimit,
    LayerVersionNotFound,
    ReservedEnvironment,
    TimeoutLimit,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


DESCRIPTION = re.compile(r"[A-Za-z0-9 ,.\n\u3000-\u9fff\uff00-\uffef]{0,1000}")


@dataclass(frozen=True)
class Tag:
    """One tag of a function or a layer."""

    key: str
    value: str


def tags_of(given: Sequence[Tag] | None) -> dict[str, str]:
    """Return tags by their keys."""
    return {each.key: each.value for each in given or ()}


@dataclass(frozen=True)
class Variable:
    """One variable."""

    key: str
    value: str


@dataclass(frozen=True)
class Environment:
    """All variables."""

    variables: list[Variable] | None = None

    def checked(self) -> tuple[tuple[str, str], ...]:
        """Return the variables; raises ReservedEnvironment or EnvironmentLimit."""
        pairs = tuple((each.key, each.value) for each in self.variables or ())
        for key, _ in pairs:
            if key.startswith(RESERVED_PREFIXES):
                raise ReservedEnvironment(name=key)
        if sum(len(f"{key}{value}".encode()) for key, value in pairs) > ENVIRONMENT_LIMIT_BYTES:
            raise EnvironmentLimit(limit=ENVIRONMENT_LIMIT_BYTES)
        return pairs


@dataclass(frozen=True)
class LayerVersionSimple:
    """A layer's version to be bound; an empty name unbinds."""

    layer_name: str
    layer_version: int


@dataclass(frozen=True)
class VpcConfig:
    """The private network that a function is in."""

    vpc_id: str = ""
    subnet_id: str = ""


@dataclass(frozen=True)
class PublicNetConfig:
    """Whether a function reaches the internet beside its private network."""

    public_net_status: Annotated[str, OneOf("ENABLE", "DISABLE")] = "ENABLE"
    eip_config: object = None


@dataclass(frozen=True)
class DeadLetterConfig:
    """Where dead events go."""

    type: str | None = None
    name: str | None = None
    filter_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """The settings that both actions take; one that is not given stays as it was."""

    function_name: str
    namespace: str = "default"
    description: str | None = None
    memory_size: int | None = None
    timeout: int | None = None
    environment: Environment | None = None
    runtime: str | None = None
    role: str | None = None
    layers: list[LayerVersionSimple] | None = None
    dead_letter_config: DeadLetterConfig | None = None
    init_timeout: int | None = None
    vpc_config: VpcConfig | None = None
    install_dependency: object = None
    cls_logset_id: str | None = None
    cls_topic_id: str | None = None
    public_net_config: PublicNetConfig | None = None
    cfs_config: object = None
    protocol_params: object = None
    instance_concurrency_config: object = None
    dns_cache: object = None
    intranet_config: object = None

    def changed(self, function: Function, layers: Collection[LayerRef]) -> Function:
        """Return the function with these settings; raises the API's error for one that is out of bounds."""
        vpc, public = self.vpc_config, self.public_net_config
        given = {
            "description": described(self.description),
            "memory_mib": _allowed(self.memory_size, MEMORY_SIZES_MIB, InvalidMemorySize),
            "time_limit_s": _allowed(self.timeout, TIME_LIMITS_S, TimeoutLimit),
            "init_limit_s": _allowed(self.init_timeout, INIT_LIMITS_S, InitTimeoutLimit),
            "environment": self.environment and self.environment.checked(),
            "layers": None if self.layers is None else _bound(self.layers, layers),
            "role": self.role,
            "log_set": self.cls_logset_id,
            "log_topic": self.cls_topic_id,
            "network": vpc and (vpc.vpc_id, vpc.subnet_id),
            "public": public and public.public_net_status == "ENABLE",
        }
        return replace(function, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # each as its field


def described(text: str | None) -> str | None:
    """Check a description: letters, digits, spaces, commas, line breaks and full stops, and Chinese (SDK)."""
    if text is not None and not DESCRIPTION.fullmatch(text):
        raise InvalidDescription
    return text


def _allowed(
    given: int | None,
    allowed: Collection[int],
    error: type[InvalidMemorySize | TimeoutLimit | InitTimeoutLimit],
) -> int | None:
    if given is not None and given not in allowed:
        raise error(given=given)
    return given


def _bound(asked: list[LayerVersionSimple], layers: Collection[LayerRef]) -> tuple[LayerRef, ...]:
    refs = tuple(LayerRef(each.layer_name, each.layer_version) for each in asked if each.layer_name)
    if len(refs) > LAYERS_LIMIT:
        raise LayersLimit(limit=LAYERS_LIMIT)
    for ref in refs:
        if ref not in layers:
            raise LayerVersionNotFound(name=ref.name, version=ref.version)
    return refs
