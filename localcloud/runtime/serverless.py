"""The vendor's serverless.yml (`component: multi-scf`): which functions and triggers a repository deploys.

It decides what such a file means, and refuses what the platform would. Where layers are found, and how
functions run, is left to others.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.runtime.catalog import Deployed, Source, Timer, Url
from localcloud.runtime.cron import Cron, CronError
from localcloud.runtime.function import (
    AGES_S,
    ENVIRONMENT_LIMIT_BYTES,
    INIT_LIMITS_S,
    LATEST,
    LAYERS_LIMIT,
    MEMORY_SIZES_MIB,
    RESERVED_PREFIXES,
    RETRIES,
    TIME_LIMITS_S,
    Function,
    Key,
    LayerRef,
)
from localcloud.runtime.serverlessfile import FunctionsFile, NetConfig, read_file

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from localcloud.records import Found
    from localcloud.runtime.serverlessfile import FunctionSpec, TriggerSpec

ARGUMENT_LIMIT_BYTES = 4096
# The keys of each type of trigger, those that it needs first (serverless-components/tencent-multi-scf).
NEEDED = {
    "timer": ("name", "cronExpression"),
    "http": (),
    "cos": ("bucket", "events"),
    "cmq": ("name",),
    "ckafka": ("name", "topic"),
}
POSSIBLE = {
    "timer": ("enable", "argument"),
    "http": ("authType", "netConfig"),
    "cos": ("filter", "enable"),
    "cmq": ("filterType", "filterKey", "enable"),
    "ckafka": ("maxMsgNum", "offset", "retry", "timeout", "enable"),
}


def read_functions(file: Path, uin: str, environ: Mapping[str, str] = os.environ) -> list[Deployed]:
    """Read what the file deploys for an account; `${env:NAME}` is filled from `environ`.

    Raises RecordError with the line of a mistake.
    """
    found = read_file(FunctionsFile, file, lambda name: _variable(name, environ))
    if found.record.component != "multi-scf":
        raise found.mistake(
            found.record, "component should be multi-scf, which deploys functions", "component"
        )
    return _Reading(found, file.parent, uin).deployed()


def _variable(name: str, environ: Mapping[str, str]) -> str | None:
    return environ.get(name.removeprefix("env:")) if name.startswith("env:") else None


@dataclass(frozen=True)
class _Reading:
    found: Found[FunctionsFile]
    folder: Path
    uin: str

    def deployed(self) -> list[Deployed]:
        inputs = self.found.record.inputs
        functions = {key: self._deployed(spec) for key, spec in inputs.functions.items()}
        for trigger in inputs.triggers:
            self._add(trigger, functions)
        return list(functions.values())

    def _deployed(self, spec: FunctionSpec) -> Deployed:
        return Deployed(
            {LATEST: self._function(spec)},
            retries=self._number(spec, "retryNum", RETRIES),
            event_age_s=self._number(spec, "msgTTL", AGES_S),
            dead_letter=spec.deadLetter.name or None,
        )

    def _function(self, spec: FunctionSpec) -> Function:
        inputs = self.found.record.inputs
        runtime = str(self._shared(spec, "runtime"))
        if not runtime.startswith("Python3"):
            raise self._mistake(spec, "runtime", f"{runtime} is not emulated; there is Python3.10")
        return Function(
            key=Key(self.uin, inputs.region, inputs.namespace, spec.name),
            handler=spec.handler,
            source=self._source(spec),
            runtime=runtime,
            memory_mib=self._number(spec, "memorySize", MEMORY_SIZES_MIB),
            time_limit_s=self._number(spec, "timeout", TIME_LIMITS_S),
            init_limit_s=self._number(spec, "initTimeout", INIT_LIMITS_S),
            environment=self._environment(spec),
            layers=self._layers(spec),
            role=str(self._shared(spec, "role")),
            log_set=spec.cls.logsetId,
            log_topic=spec.cls.topicId,
            network=(spec.vpc.vpcId, spec.vpc.subnetId),
            public=spec.publicAccess,
            description=spec.description,
        )

    def _source(self, spec: FunctionSpec) -> Path:
        source = self.folder / str(self._shared(spec, "src"))
        if not source.is_dir():
            raise self._mistake(spec, "src", f"{source} is not a folder")
        return source.resolve()

    def _environment(self, spec: FunctionSpec) -> tuple[tuple[str, str], ...]:
        pairs = [*self.found.record.inputs.environments, *spec.environments]
        for pair in pairs:
            if pair.key.startswith(RESERVED_PREFIXES):
                told = f"{pair.key} is reserved, as is all that begins with {', '.join(RESERVED_PREFIXES)}"
                raise self.found.mistake(pair, told, "key")
        variables = {pair.key: pair.value for pair in pairs}
        if sum(len(f"{key}{value}".encode()) for key, value in variables.items()) > ENVIRONMENT_LIMIT_BYTES:
            told = f"environments are larger than {ENVIRONMENT_LIMIT_BYTES} bytes together"
            raise self.found.mistake(spec, told, "environments")
        return tuple(variables.items())

    def _layers(self, spec: FunctionSpec) -> tuple[LayerRef, ...]:
        if len(spec.layers) > LAYERS_LIMIT:
            raise self.found.mistake(spec, f"layers are more than {LAYERS_LIMIT}", "layers")
        return tuple(LayerRef(each.name, each.version) for each in spec.layers)

    def _add(self, trigger: TriggerSpec, functions: Mapping[str, Deployed]) -> None:
        if trigger.function not in functions:
            told = f"function {trigger.function} does not exist; there are {', '.join(functions)}"
            raise self.found.mistake(trigger, told, "function")
        self._checked(trigger)
        deployed = functions[trigger.function]
        if trigger.type == "timer":
            timer = self._timer(trigger)
            deployed.timers[timer.name] = timer
        elif trigger.type == "http":
            deployed.url = self._url(trigger)
        else:
            deployed.sources.append(self._source_of_events(trigger))

    def _checked(self, trigger: TriggerSpec) -> None:
        """Refuse an unknown type, what belongs to another one, and what lacks."""
        kind, given = trigger.type, trigger.parameters
        if kind not in NEEDED:
            told = f"type {kind} is not emulated; there are {', '.join(NEEDED)}"
            raise self.found.mistake(trigger, told, "type")
        for key in sorted({key for keys in (*NEEDED.values(), *POSSIBLE.values()) for key in keys}):
            if getattr(given, key) is not None and key not in NEEDED[kind] + POSSIBLE[kind]:
                raise self.found.mistake(given, f"{key} belongs to another type of trigger", key)
        missing = [key for key in NEEDED[kind] if getattr(given, key) is None]
        if missing:
            told = f"a trigger of type {kind} needs {' and '.join(f'`{key}`' for key in NEEDED[kind])}"
            raise self.found.mistake(trigger, told, "parameters")

    @staticmethod
    def _source_of_events(trigger: TriggerSpec) -> Source:
        """Name a trigger as the vendor's tool does; one that does not say so is disabled there."""
        given = trigger.parameters
        parts = [given.bucket] if trigger.type == "cos" else [given.name, given.topic]
        return Source(trigger.type, "-".join(filter(None, parts)), given.enable is True)

    def _timer(self, trigger: TriggerSpec) -> Timer:
        given = trigger.parameters
        argument = given.argument or ""
        if len(argument.encode()) > ARGUMENT_LIMIT_BYTES:
            raise self.found.mistake(
                given, f"argument is longer than {ARGUMENT_LIMIT_BYTES} bytes", "argument"
            )
        try:
            cron = Cron(given.cronExpression or "")
        except CronError as error:
            raise self.found.mistake(given, f"cronExpression {error}", "cronExpression") from error
        return Timer(given.name or "", cron, given.enable is not False, argument, given.qualifier)

    def _url(self, trigger: TriggerSpec) -> Url:
        given = trigger.parameters
        if given.authType not in (None, "NONE"):
            raise self.found.mistake(given, "authType should be NONE: no other is emulated", "authType")
        net = given.netConfig or NetConfig()
        return Url(
            net.enableExtranet or net.enableIntranet,
            qualifier=given.qualifier,
            extranet=net.enableExtranet,
            intranet=net.enableIntranet,
        )

    def _shared(self, spec: FunctionSpec, key: str) -> object:
        """Return what a function says, or else what the inputs say for all."""
        own = getattr(spec, key)
        return getattr(self.found.record.inputs, key) if own is None else own

    def _number(self, spec: FunctionSpec, key: str, allowed: Collection[int]) -> int:
        value = self._shared(spec, key)
        if not isinstance(value, int) or value not in allowed:
            steps = (
                "64, or a multiple of 128 from 128" if allowed is MEMORY_SIZES_MIB else f"from {min(allowed)}"
            )
            raise self._mistake(spec, key, f"should be {steps} to {max(allowed)}")
        return value

    def _mistake(self, spec: FunctionSpec, key: str, text: str) -> Exception:
        """Return the mistake at a function's key, or at the inputs' key when that is where it is said."""
        says = self.found.record.inputs if getattr(spec, key) is None else spec
        return self.found.mistake(says, f"{key} {text}", key)
