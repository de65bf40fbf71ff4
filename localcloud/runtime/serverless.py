"""The vendor's serverless.yml (`component: multi-scf`): which functions and triggers a repository deploys.

It decides what such a file means. Where layers are found, and how functions run, is left to others. Keys
that only matter to the real platform (role, vpc, ...) are accepted and change nothing here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from localcloud.runtime.catalog import Deployed, Timer, Url
from localcloud.runtime.cron import Cron, CronError
from localcloud.runtime.function import LATEST, Function, Key, LayerRef
from localcloud.runtime.yamlfile import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from localcloud.runtime.yamlfile import Section

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


def read_functions(file: Path, uin: str, environ: Mapping[str, str] = os.environ) -> list[Deployed]:
    """Read what the file deploys for an account; `${env:NAME}` is filled from `environ`.

    Raises FileError with the line of a mistake.
    """
    top = read_yaml(file, lambda name: _variable(name, environ)).allow(TOP_KEYS)
    if top.text("component") != "multi-scf":
        raise top.error("component", "should be multi-scf, the form that deploys several functions")
    inputs = top.section("inputs").allow(INPUT_KEYS)
    functions = inputs.section("functions")
    deployed = {
        key: _deployed(functions.section(key).allow(FUNCTION_KEYS), inputs, file.parent, uin)
        for key in functions.keys()  # noqa: SIM118 - not a dict
    }
    for trigger in inputs.sections("triggers"):
        _add_trigger(trigger.allow(TRIGGER_KEYS), deployed)
    return list(deployed.values())


def _variable(name: str, environ: Mapping[str, str]) -> str | None:
    return environ.get(name.removeprefix("env:")) if name.startswith("env:") else None


def _add_trigger(trigger: Section, deployed: Mapping[str, Deployed]) -> None:
    key, kind = trigger.text("function"), trigger.text("type")
    if key not in deployed:
        raise trigger.error("function", f"{key} does not exist; there are {', '.join(deployed)}")
    if kind == "timer":
        timer = _timer(trigger.section("parameters").allow(TIMER_KEYS))
        deployed[key].timers[timer.name] = timer
    elif kind == "http":
        deployed[key].url = _url(trigger.section("parameters").allow(URL_KEYS))
    else:
        raise trigger.error("type", f"{kind} is not emulated; there are timer and http")


def _url(given: Section) -> Url:
    if given.text("authType", "NONE") != "NONE":
        raise given.error("authType", "should be NONE: no other is emulated")
    net = given.section("netConfig").allow({"enableExtranet", "enableIntranet"})
    reached = net.flag("enableExtranet", default=True) or net.flag("enableIntranet", default=False)
    return Url(reached, given.text("qualifier", LATEST))


def _timer(given: Section) -> Timer:
    argument = given.text("argument", "")
    if len(argument.encode()) > ARGUMENT_LIMIT_BYTES:
        raise given.error("argument", f"is longer than {ARGUMENT_LIMIT_BYTES} bytes")
    try:
        cron = Cron(given.text("cronExpression"))
    except CronError as error:
        raise given.error("cronExpression", str(error)) from error
    enabled = given.flag("enable", default=True)
    return Timer(given.text("name"), cron, enabled, argument, given.text("qualifier", LATEST))


def _deployed(given: Section, inputs: Section, folder: Path, uin: str) -> Deployed:
    return Deployed(
        {LATEST: _function(given, inputs, folder, uin)},
        retries=_within(given, "retryNum", 2, 0, 2),
        event_age_s=_within(given, "msgTTL", 6 * 3600, 60, 6 * 3600),
    )


def _function(given: Section, inputs: Section, folder: Path, uin: str) -> Function:
    runtime = given.over(inputs, "runtime")
    if not runtime.text("runtime", "Python3.10").startswith("Python"):
        raise runtime.error("runtime", f"{runtime.text('runtime')} is not emulated; there is Python3.10")
    region, namespace = inputs.text("region", "ap-guangzhou"), inputs.text("namespace", "default")
    return Function(
        key=Key(uin, region, namespace, given.text("name")),
        handler=given.text("handler", "index.main_handler"),
        source=_source(given.over(inputs, "src"), folder),
        memory_mib=_memory_mib(given.over(inputs, "memorySize")),
        time_limit_s=_within(given.over(inputs, "timeout"), "timeout", 3, 1, 900),
        init_limit_s=_within(given, "initTimeout", 65, 3, 300),
        environment=_environment(given, inputs),
        layers=_layers(given),
        role=given.over(inputs, "role").text("role", ""),
        description=given.text("description", ""),
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


def _layers(given: Section) -> tuple[LayerRef, ...]:
    layers = given.sections("layers")
    if len(layers) > LAYERS_LIMIT:
        raise given.error("layers", f"are more than {LAYERS_LIMIT}")
    allowed = [each.allow({"name", "version"}) for each in layers]
    return tuple(LayerRef(each.text("name"), each.number("version", 1)) for each in allowed)
