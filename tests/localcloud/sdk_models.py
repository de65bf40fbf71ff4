"""What the SDK's models say of an action: its parameters, and the shape of its answer.

The SDK has no annotations; the types stand in its docstrings.
"""

from __future__ import annotations

import importlib
import inspect
import re
from functools import cache
from typing import Any

MODULES = {
    ("cbs", "2017-03-12"): "tencentcloud.cbs.v20170312.models",
    ("cls", "2020-10-16"): "tencentcloud.cls.v20201016.models",
    ("cvm", "2017-03-12"): "tencentcloud.cvm.v20170312.models",
    ("sts", "2018-08-13"): "tencentcloud.sts.v20180813.models",
    ("scf", "2018-04-16"): "tencentcloud.scf.v20180416.models",
    ("tag", "2018-08-13"): "tencentcloud.tag.v20180813.models",
    ("tat", "2020-10-28"): "tencentcloud.tat.v20201028.models",
}
PLAIN: dict[str, Any] = {"str": str, "int": int, "float": (int, float), "bool": bool}
_FIELD = re.compile(r":type (\w+): (?:(list of )|)(?::class:`[\w.]*\.(\w+)`|(\w+))")


@cache
def shape(service: str, version: str, model: str) -> dict[str, tuple[bool, str]]:
    """Map each field of a model to whether it is a list, and the name of its type."""
    text = _classes(MODULES[service, version])[model]
    return {name: (bool(many), nested or plain) for name, many, nested, plain in _FIELD.findall(text)}


@cache
def _classes(module: str) -> dict[str, str]:
    """Map each class of a module to its text; inspect would parse the whole file for each of them."""
    text = inspect.getsource(importlib.import_module(module))
    return dict(re.findall(r"^class (\w+)\(.*?\n(.*?)(?=^class |\Z)", text, re.MULTILINE | re.DOTALL))


def differences(service: str, version: str, model: str, answer: Any, at: str = "") -> list[str]:  # noqa: ANN401  # JSON
    """Say where an answer differs from the SDK's model: unknown fields, missing ones, wrong types."""
    if not isinstance(answer, dict):
        return [f"{at}: {answer!r} is no {model}"]
    fields = shape(service, version, model)
    found = [f"{at}.{name} is unknown" for name in answer.keys() - fields.keys()]
    found += [f"{at}.{name} is missing" for name in fields.keys() - answer.keys()]
    for name in fields.keys() & answer.keys():
        many, kind = fields[name]
        values = (answer[name] if many else [answer[name]]) if answer[name] is not None else []
        if not isinstance(values, list):
            found.append(f"{at}.{name}: {values!r} is no list")
            continue
        for value in values:
            found += _of_type(service, version, kind, value, f"{at}.{name}")
    return found


def _of_type(service: str, version: str, kind: str, value: Any, at: str) -> list[str]:  # noqa: ANN401  # as above
    if kind not in PLAIN:
        return differences(service, version, kind, value, at)
    good = isinstance(value, PLAIN[kind]) and (kind == "bool" or not isinstance(value, bool))
    return [] if good else [f"{at}: {value!r} is no {kind}"]
