# ruff: noqa: N815  # keys as the vendor's files write them
"""The keys of serverless.yml (`component: multi-scf`) that are deployed, with their bounds and defaults.

Bounds are those of 583/11637 and of the SDK's models; `deadLetter`, `vpc` and `publicAccess` are as
tencent-component-toolkit reads them (modules/scf/utils.js), `qualifier` as tencent-multi-scf has it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cbsnap.policyfile.published import Published

LARGEST_MIB = 3072
LONGEST_KEPT_S = 6 * 3600

Name = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]$", examples=["cbsnap-schedule"])
]
Key = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", examples=["schedule"])]
# The SDK: letters, digits, spaces, commas, full stops, and Chinese; the rest of 1000 is for our own marks.
Description = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9 ,.\u3000-\u9fff\uff00-\uffef]{0,800}$", examples=["Plans what is due."]),
]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", examples=["CBSNAP_WORKER"])]
_CRON_FIELD = r"[0-9*/,?LWA-Za-z-]+"
Cron = Annotated[
    str,
    Field(pattern=rf"^{_CRON_FIELD}( {_CRON_FIELD}){{6}}$", examples=["0 */5 * * * * *"]),
]


class Section(BaseModel):
    """A section knows its keys; all others are mistakes."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Pair(Section):
    """One variable."""

    key: Variable
    value: str


class LayerUse(Section):
    """A layer that is bound; `version` is for the vendor's tool."""

    name: Name
    version: Annotated[int, Field(ge=1)] = 1


class LogTopic(Section):
    """Where the function's log goes."""

    logsetId: str
    topicId: str


class Network(Section):
    """The private network that a function is in."""

    vpcId: Annotated[str, Field(min_length=1)]
    subnetId: Annotated[str, Field(min_length=1)]


class DeadLetter(Section):
    """Where events go that failed for good."""

    type: Annotated[str, Field(min_length=1)]
    name: Annotated[str, Field(min_length=1)]
    filterType: str = ""


class Function(Section):
    """One function."""

    name: Name
    src: Annotated[str, Field(min_length=1)]
    handler: Annotated[
        str, Field(pattern=r"^[A-Za-z][\w-]*\.[A-Za-z][\w-]*$", examples=["index.main_handler"])
    ] = "index.main_handler"
    description: Description = ""
    runtime: str | None = None
    role: str | None = None
    memorySize: Annotated[int, Field(ge=64, le=LARGEST_MIB)] | None = None
    timeout: Annotated[int, Field(ge=1, le=900)] | None = None
    initTimeout: Annotated[int, Field(ge=3, le=300)] = 65
    retryNum: Annotated[int, Field(ge=0, le=2)] = 2
    msgTTL: Annotated[int, Field(ge=60, le=LONGEST_KEPT_S)] = LONGEST_KEPT_S
    deadLetter: DeadLetter | None = None
    cls: LogTopic | None = None
    vpc: Network | None = None
    publicAccess: bool = True
    environments: list[Pair] = []
    layers: Annotated[list[LayerUse], Field(max_length=5)] = []


class NetConfig(Section):
    """Which networks reach a function's URL."""

    enableExtranet: bool = True
    enableIntranet: bool = False


class Parameters(Section):
    """What a timer and a URL have together; which key belongs to which is in `contradictions`."""

    name: Name | None = None
    enable: bool = True
    qualifier: Literal["$DEFAULT"] = "$DEFAULT"
    cronExpression: Cron | None = None
    argument: Annotated[str, Field(max_length=4096)] | None = None
    authType: Literal["NONE", "CAM"] | None = None
    netConfig: NetConfig | None = None
    # Of the triggers that only the vendor's tool makes; whatever they say.
    bucket: Any = None
    events: Any = None
    filter: Any = None
    filterType: Any = None
    filterKey: Any = None
    topic: Any = None
    maxMsgNum: Any = None
    offset: Any = None
    retry: Any = None
    timeout: Any = None


class Trigger(Section):
    """One trigger; `function` is a key of the functions."""

    type: str
    function: Key
    parameters: Parameters = Parameters()


class Inputs(Section):
    """All functions, what they share, and their triggers."""

    region: Annotated[str, Field(pattern=r"^[a-z]+-[a-z0-9-]+$", examples=["ap-guangzhou"])]
    functions: Annotated[dict[Key, Function], Field(min_length=1)]
    triggers: list[Trigger] = []
    src: str = "./"
    runtime: str = "Python3.10"
    namespace: Name = "default"
    role: str = ""
    memorySize: Annotated[int, Field(ge=64, le=LARGEST_MIB)] = 128
    timeout: Annotated[int, Field(ge=1, le=900)] = 3
    environments: list[Pair] = []


class ServerlessFile(Section):
    """The root file."""

    component: Literal["multi-scf"]
    name: Name
    inputs: Inputs
    app: str = ""
    stage: str = ""
    org: str = ""


def json_schema() -> dict[str, Any]:
    """Return the file's JSON Schema."""
    return ServerlessFile.model_json_schema(schema_generator=Published)
