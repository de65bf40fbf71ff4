"""From text to what should be deployed: reading, filling in, checking and converting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cbsnap.deployment import Retrying, Settings, Trigger
from cbsnap.errors import PolicyFileError
from cbsnap.policyfile import yamllines
from cbsnap.policyfile.mistakes import mistakes
from cbsnap.policyfile.parsing import problems
from cbsnap.serverlessfile import schema
from cbsnap.serverlessfile.contradictions import contradictions
from cbsnap.serverlessfile.filling import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbsnap.policyfile.yamllines import Finding
    from cbsnap.serverlessfile.schema import Function, Inputs

URL_NAME = "url-trigger"  # what the vendor's tool calls one without a name


@dataclass(frozen=True)
class DeployableFunction:
    """A function as the file has it; `src` is where its code is, relative to the file."""

    name: str
    src: str
    settings: Settings
    layers: tuple[str, ...]
    retrying: Retrying
    triggers: tuple[Trigger, ...]


@dataclass(frozen=True)
class Deployable:
    """What a file deploys, where to, and which layers that takes."""

    region: str
    namespace: str
    functions: tuple[DeployableFunction, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of all layers, each once."""
        return tuple(dict.fromkeys(name for one in self.functions for name in one.layers))


def parse(text: str, source: str, environment: Mapping[str, str]) -> Deployable:
    """Return what a file deploys; `source` is its name in messages. Raises PolicyFileError."""
    document = yamllines.read(text)
    if document.unreadable:
        raise PolicyFileError(source, problems(document, document.findings))
    findings: list[Finding] = list(document.findings)
    value = filled(document.value, environment, findings)
    try:
        inputs = schema.ServerlessFile.model_validate(value).inputs
    except ValidationError as error:
        findings += mistakes(error, schema.json_schema())
        raise PolicyFileError(source, problems(document, findings)) from None
    if findings := [*findings, *contradictions(inputs)]:
        raise PolicyFileError(source, problems(document, findings))
    functions = tuple(_function(inputs, key, one) for key, one in inputs.functions.items())
    return Deployable(inputs.region, inputs.namespace, functions)


def _function(inputs: Inputs, key: str, one: Function) -> DeployableFunction:
    return DeployableFunction(
        name=one.name,
        src=one.src,
        settings=_settings(inputs, one),
        layers=tuple(layer.name for layer in one.layers),
        retrying=Retrying(one.retryNum, one.msgTTL),
        triggers=tuple(_trigger(trigger) for trigger in inputs.triggers if trigger.function == key),
    )


def _settings(inputs: Inputs, one: Function) -> Settings:
    dead = one.deadLetter
    return Settings(
        handler=one.handler,
        runtime=one.runtime or inputs.runtime,
        description=one.description,
        role=inputs.role if one.role is None else one.role,
        memory_mib=inputs.memorySize if one.memorySize is None else one.memorySize,
        timeout_s=inputs.timeout if one.timeout is None else one.timeout,
        init_timeout_s=one.initTimeout,
        environment={pair.key: pair.value for pair in (*inputs.environments, *one.environments)},
        network=(one.vpc.vpcId, one.vpc.subnetId) if one.vpc else ("", ""),
        public=one.publicAccess,
        log=(one.cls.logsetId, one.cls.topicId) if one.cls else ("", ""),
        dead_letter=(dead.type, dead.name, dead.filterType) if dead else ("", "", ""),
    )


def _trigger(trigger: schema.Trigger) -> Trigger:
    given = trigger.parameters
    if trigger.type == "timer":
        cron, argument = given.cronExpression or "", given.argument or ""
        return Trigger("timer", given.name or "", given.enable, cron=cron, argument=argument)
    net = given.netConfig or schema.NetConfig()
    return Trigger(
        "http",
        given.name or URL_NAME,
        given.enable,
        auth=given.authType or "NONE",
        extranet=net.enableExtranet,
        intranet=net.enableIntranet,
    )
