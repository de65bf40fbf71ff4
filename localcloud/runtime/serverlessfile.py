# ruff: noqa: N815  # keys as the vendor's files write them
"""The form of the vendor's serverless.yml files: that of functions (`multi-scf`) and that of a layer.

It decides which keys there are and of what type. What they mean is the part of whoever reads them. Keys that
only matter to the real platform are read and change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from localcloud.records import Fill, Found, read, text_of

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


@dataclass(frozen=True)
class Pair:
    """One variable."""

    key: str
    value: str


@dataclass(frozen=True)
class LayerUse:
    """A layer that a function uses."""

    name: str
    version: int = 1


@dataclass(frozen=True)
class LogTopic:
    """Where a function's log goes."""

    logsetId: str = ""
    topicId: str = ""


@dataclass(frozen=True)
class DeadLetter:
    """Where events go that failed for good (tencent-component-toolkit, modules/scf/utils.js)."""

    type: str = ""
    name: str = ""
    filterType: str = ""


@dataclass(frozen=True)
class Network:
    """The private network that a function is in."""

    vpcId: str = ""
    subnetId: str = ""


@dataclass(frozen=True)
class FunctionSpec:
    """One function; what it does not say is taken from the inputs."""

    name: str
    handler: str = "index.main_handler"
    src: str | None = None
    description: str = ""
    runtime: str | None = None
    role: str | None = None
    memorySize: int | None = None
    timeout: int | None = None
    initTimeout: int = 65
    environments: list[Pair] = field(default_factory=list)
    layers: list[LayerUse] = field(default_factory=list)
    cls: LogTopic = field(default_factory=LogTopic)
    msgTTL: int = 6 * 3600
    retryNum: int = 2
    deadLetter: DeadLetter = field(default_factory=DeadLetter)
    vpc: Network = field(default_factory=Network)
    publicAccess: bool = True


@dataclass(frozen=True)
class NetConfig:
    """Which networks reach a function URL."""

    enableExtranet: bool = True
    enableIntranet: bool = False


@dataclass(frozen=True)
class ObjectFilter:
    """Which keys of a bucket."""

    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class TriggerParameters:
    """What the types of triggers have together; which key belongs to which is in `serverless.py`."""

    name: str | None = None
    cronExpression: str | None = None
    enable: bool | None = None
    argument: str | None = None
    authType: str | None = None
    netConfig: NetConfig | None = None
    bucket: str | None = None
    events: str | None = None
    filter: ObjectFilter | None = None
    filterType: int | None = None
    filterKey: list[str] | None = None
    topic: str | None = None
    maxMsgNum: int | None = None
    offset: str | None = None
    retry: int | None = None
    timeout: int | None = None
    qualifier: str = "$DEFAULT"  # as the vendor's tool has it (tencent-multi-scf, docs/configure.md)


@dataclass(frozen=True)
class TriggerSpec:
    """One trigger; `function` is a key of the functions."""

    type: str
    function: str
    parameters: TriggerParameters = field(default_factory=TriggerParameters)


@dataclass(frozen=True)
class Inputs:
    """All functions, what they share, and their triggers."""

    functions: dict[str, FunctionSpec]
    triggers: list[TriggerSpec] = field(default_factory=list)
    src: str = "."
    region: str = "ap-guangzhou"
    runtime: str = "Python3.10"
    namespace: str = "default"
    role: str = ""
    memorySize: int = 128
    timeout: int = 3
    environments: list[Pair] = field(default_factory=list)
    vpc: object = None


@dataclass(frozen=True)
class FunctionsFile:
    """The root file."""

    component: str
    inputs: Inputs
    name: str = ""
    app: str = ""
    stage: str = ""
    org: str = ""


@dataclass(frozen=True)
class LayerInputs:
    """One layer; `src` is the folder that becomes /opt."""

    name: str
    src: str = "."
    region: str = ""
    runtimes: list[str] = field(default_factory=list)
    description: str = ""


@dataclass(frozen=True)
class LayerFile:
    """A layer's file."""

    component: str
    inputs: LayerInputs
    name: str = ""
    app: str = ""
    stage: str = ""
    org: str = ""


def read_file(hint: type[T], file: Path, fill: Fill | None = None) -> Found[T]:
    """Read a file of one of these forms; raises RecordError."""
    return read(hint, text_of(file), str(file), fill)
