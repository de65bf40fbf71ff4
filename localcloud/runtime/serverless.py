"""The vendor's serverless.yml (`component: multi-scf`): which functions and triggers a repository deploys.

It decides what such a file means. Where layers are found, and how functions run, is left to others. Keys
that only matter to the real platform (role, vpc, ...) are accepted and change nothing here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localcloud.runtime.cron import Cron, CronError
from localcloud.runtime.yamlfile import Section, read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TOP_KEYS = {"component", "name", "app", "stage", "org", "inputs"}
INPUT_KEYS = {"src", "region", "runtime", "namespace", "role", "memorySize", "timeout", "environments", "vpc"}
INPUT_KEYS |= {"functions", "triggers"}
FUNCTION_KEYS = {"name", "handler", "src", "description", "runtime", "role", "memorySize", "timeout", "vpc"}
FUNCTION_KEYS |= {"initTimeout", "environments", "layers", "msgTTL", "retryNum", "publicAccess"}
TRIGGER_KEYS = {"type", "function", "parameters"}
TIMER_KEYS = {"name", "cronExpression", "enable", "argument", "qualifier"}
URL_KEYS = {"authType", "netConfig", "qualifier"}
RESERVED_PREFIXES = ("SCF_", "QCLOUD_", "TENCENTCLOUD_")
ENVIRONMENT_LIMIT_BYTES = 4096
ARGUMENT_LIMIT_BYTES = 4096
LAYERS_LIMIT = 5
MEMORY_SIZES_MIB = (64, *range(128, 3073, 128))


@dataclass(frozen=True)
class Function:
    """One function of the file. `layers` are names; the rest is as the platform calls it."""

    name: str
    handler: str
    source: Path
    memory_mib: int = 128
    time_limit_s: int = 3
    init_limit_s: int = 65
    environment: tuple[tuple[str, str], ...] = ()
    layers: tuple[str, ...] = ()
    region: str = "ap-guangzhou"
    namespace: str = "default"
    role: str = ""
    retries: int = 2
    event_age_s: int = 6 * 3600
    has_url: bool = False


@dataclass(frozen=True)
class Timer:
    """A timer trigger; `argument` becomes the event's Message."""

    name: str
    function: str
    cron: Cron
    enabled: bool = True
    argument: str = ""


@dataclass(frozen=True)
class Deployment:
    """All that a file deploys; functions by their deployed name."""

    functions: Mapping[str, Function]
    timers: tuple[Timer, ...]


def read_deployment(file: Path, environ: Mapping[str, str] = os.environ) -> Deployment:
    """Read the file; `${env:NAME}` is filled from `environ`. Raises FileError with the line of a mistake."""
    top = read_yaml(file, lambda name: _variable(name, environ)).allow(TOP_KEYS)
    if top.text("component") != "multi-scf":
        raise top.error("component", "should be multi-scf, the form that deploys several functions")
    inputs = top.section("inputs").allow(INPUT_KEYS)
    triggers = [each.allow(TRIGGER_KEYS) for each in inputs.sections("triggers")]
    functions = inputs.section("functions")
    names = {key: functions.section(key).text("name") for key in functions.keys()}  # noqa: SIM118 - not a dict
    with_url = {_target(each, names) for each in triggers if _kind(each) == "http" and _opens_url(each)}
    made = [
        _function(functions.section(key).allow(FUNCTION_KEYS), inputs, file.parent, with_url) for key in names
    ]
    return Deployment(
        {each.name: each for each in made},
        tuple(_timer(each, names) for each in triggers if _kind(each) == "timer"),
    )


def _variable(name: str, environ: Mapping[str, str]) -> str | None:
    return environ.get(name.removeprefix("env:")) if name.startswith("env:") else None


def _kind(trigger: Section) -> str:
    kind = trigger.text("type")
    if kind not in ("timer", "http"):
        raise trigger.error("type", f"{kind} is not emulated; there are timer and http")
    return kind


def _target(trigger: Section, names: Mapping[str, str]) -> str:
    key = trigger.text("function")
    if key not in names:
        raise trigger.error("function", f"{key} does not exist; there are {', '.join(names)}")
    return names[key]


def _opens_url(trigger: Section) -> bool:
    given = trigger.section("parameters").allow(URL_KEYS)
    if given.text("authType", "NONE") != "NONE":
        raise given.error("authType", "should be NONE: no other is emulated")
    net = given.section("netConfig").allow({"enableExtranet", "enableIntranet"})
    return net.flag("enableExtranet", default=True) or net.flag("enableIntranet", default=False)


def _timer(trigger: Section, names: Mapping[str, str]) -> Timer:
    given = trigger.section("parameters").allow(TIMER_KEYS)
    argument = given.text("argument", "")
    if len(argument.encode()) > ARGUMENT_LIMIT_BYTES:
        raise given.error("argument", f"is longer than {ARGUMENT_LIMIT_BYTES} bytes")
    try:
        cron = Cron(given.text("cronExpression"))
    except CronError as error:
        raise given.error("cronExpression", str(error)) from error
    enabled = given.flag("enable", default=True)
    return Timer(given.text("name"), _target(trigger, names), cron, enabled, argument)


def _function(given: Section, inputs: Section, folder: Path, with_url: set[str]) -> Function:
    name = given.text("name")
    runtime = given.over(inputs, "runtime")
    if not runtime.text("runtime", "Python3.10").startswith("Python"):
        raise runtime.error("runtime", f"{runtime.text('runtime')} is not emulated; there is Python3.10")
    return Function(
        name=name,
        handler=given.text("handler", "index.main_handler"),
        source=_source(given.over(inputs, "src"), folder),
        memory_mib=_memory_mib(given.over(inputs, "memorySize")),
        time_limit_s=_within(given.over(inputs, "timeout"), "timeout", 3, 1, 900),
        init_limit_s=_within(given, "initTimeout", 65, 3, 300),
        environment=_environment(given, inputs),
        layers=_layers(given),
        region=inputs.text("region", "ap-guangzhou"),
        namespace=inputs.text("namespace", "default"),
        role=given.over(inputs, "role").text("role", ""),
        retries=_within(given, "retryNum", 2, 0, 2),
        event_age_s=_within(given, "msgTTL", 6 * 3600, 60, 6 * 3600),
        has_url=name in with_url,
    )


def _within(given: Section, key: str, default: int, low: int, high: int) -> int:
    value = given.number(key, default)
    if not low <= value <= high:
        raise given.error(key, f"should be from {low} to {high}")
    return value


def _source(given: Section, folder: Path) -> Path:
    source = folder / given.text("src", ".")
    if not source.is_dir():
        raise given.error("src", f"{source} is not a folder")
    return source.resolve()


def _memory_mib(given: Section) -> int:
    memory_mib = given.number("memorySize", 128)
    if memory_mib not in MEMORY_SIZES_MIB:
        raise given.error("memorySize", "should be 64, or a multiple of 128 from 128 to 3072")
    return memory_mib


def _environment(given: Section, inputs: Section) -> tuple[tuple[str, str], ...]:
    variables: dict[str, str] = {}
    for pair in inputs.sections("environments") + given.sections("environments"):
        key = pair.allow({"key", "value"}).text("key")
        if key.startswith(RESERVED_PREFIXES):
            raise pair.error("key", f"{key} is reserved: {', '.join(RESERVED_PREFIXES)}")
        variables[key] = pair.text("value")
    if sum(len(f"{key}{value}".encode()) for key, value in variables.items()) > ENVIRONMENT_LIMIT_BYTES:
        raise given.error("environments", f"are larger than {ENVIRONMENT_LIMIT_BYTES} bytes together")
    return tuple(variables.items())


def _layers(given: Section) -> tuple[str, ...]:
    layers = given.sections("layers")
    if len(layers) > LAYERS_LIMIT:
        raise given.error("layers", f"are more than {LAYERS_LIMIT}")
    return tuple(each.allow({"name", "version"}).text("name") for each in layers)
