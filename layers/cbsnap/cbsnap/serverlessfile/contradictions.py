"""What cannot stand together in a serverless.yml, though each section by itself is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbsnap.policyfile.yamllines import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cbsnap.serverlessfile.schema import Function, Inputs, Trigger

ENVIRONMENT_BYTES = 4096  # 583/11637
RESERVED = ("SCF_", "QCLOUD_", "TENCENTCLOUD_")  # the platform's own variables
KEYS = {"timer": {"cronExpression", "argument"}, "http": {"authType", "netConfig"}}
STEP_MIB = 128
SMALLEST_MIB = 64


def contradictions(inputs: Inputs) -> Iterator[Finding]:
    """Yield where each lies in the file, and what would be right."""
    yield from _repeated_names(inputs)
    yield from _triggers(inputs)
    for key, function in inputs.functions.items():
        yield from _memory(inputs, key, function)
        yield from _environment(inputs, key, function)
        yield from _repeated_layers(key, function)


def _repeated_names(inputs: Inputs) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for key, function in inputs.functions.items():
        other = first.setdefault(function.name, key)
        if other != key:
            yield Finding(("inputs", "functions", key, "name"), f"{function.name} is {other}'s name already")


def _triggers(inputs: Inputs) -> Iterator[Finding]:
    seen = set()
    for index, trigger in enumerate(inputs.triggers):
        place = ("inputs", "triggers", index)
        if trigger.function not in inputs.functions:
            known = ", ".join(inputs.functions)
            yield Finding((*place, "function"), f"there is no {trigger.function}; there are {known}")
        one = (trigger.function, trigger.type, trigger.parameters.name if trigger.type == "timer" else "")
        if one in seen:
            yield Finding(place, f"{trigger.function} has this trigger already: keep one of them")
        seen.add(one)
        yield from _of_another_type(trigger, place)


def _of_another_type(trigger: Trigger, place: tuple[str | int, ...]) -> Iterator[Finding]:
    if trigger.type not in KEYS:
        yield Finding(
            (*place, "type"),
            f"cbsnap deploy makes timers (timer) and URLs (http): {trigger.type} is for the vendor's tool",
        )
        return
    given = trigger.parameters.model_fields_set - {"name", "enable", "qualifier"}
    for key in sorted(given - KEYS[trigger.type]):
        yield Finding((*place, "parameters", key), f"does not belong to a trigger of type {trigger.type}")
    if trigger.type == "timer":
        for key in ("name", "cronExpression"):
            if getattr(trigger.parameters, key) is None:
                yield Finding((*place, "parameters", key), "is missing, and has no default")


def _memory(inputs: Inputs, key: str, function: Function) -> Iterator[Finding]:
    size_mib = inputs.memorySize if function.memorySize is None else function.memorySize
    if size_mib != SMALLEST_MIB and size_mib % STEP_MIB:
        own = ("functions", key) if function.memorySize is not None else ()
        yield Finding(
            ("inputs", *own, "memorySize"),
            f"must be {SMALLEST_MIB} or a multiple of {STEP_MIB}, not {size_mib}",
        )


def _environment(inputs: Inputs, key: str, function: Function) -> Iterator[Finding]:
    for index, pair in enumerate(function.environments):
        if pair.key.startswith(RESERVED):
            yield Finding(
                ("inputs", "functions", key, "environments", index, "key"),
                f"{pair.key} is the platform's own, as is all that begins with {', '.join(RESERVED)}",
            )
    pairs = {one.key: one.value for one in (*inputs.environments, *function.environments)}
    size = sum(len(f"{name}{value}".encode()) for name, value in pairs.items())
    if size > ENVIRONMENT_BYTES:
        yield Finding(
            ("inputs", "functions", key, "environments"),
            f"has {size} bytes, and a function takes {ENVIRONMENT_BYTES}: fewer or shorter values",
        )


def _repeated_layers(key: str, function: Function) -> Iterator[Finding]:
    names = [one.name for one in function.layers]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Finding(
                ("inputs", "functions", key, "layers", index), f"{name} is bound twice: keep one of them"
            )
