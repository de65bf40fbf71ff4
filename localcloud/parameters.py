"""From a request's JSON to an action's typed parameters, with the errors that the cloud answers.

An action is a frozen dataclass: its fields are the parameters, `disk_id` being `DiskId` on the wire. A field
without a default is required. Bounds stand beside the type: `limit: Annotated[int, Between(0, 100)] = 20`.
"""

from __future__ import annotations

import re
import types
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from localcloud.errors import (
    InvalidParameterValue,
    InvalidParameterValueLimitExceeded,
    MissingParameter,
    UnknownParameter,
    WrongType,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sized

T = TypeVar("T")


@dataclass(frozen=True)
class Between:
    """A number, or the length of a text or list, from `low` to `high`."""

    low: int
    high: int

    def check(self, value: object, name: str) -> None:
        """Raise InvalidParameterValue when out of bounds."""
        size = value if isinstance(value, int | float) else len(value)  # type: ignore[arg-type]  # str or list
        if not self.low <= size <= self.high:
            raise InvalidParameterValue(name=name, reason=f"{size} [{self.low}, {self.high}]")


@dataclass(frozen=True)
class AtMost:
    """A list of so many values."""

    limit: int

    def check(self, value: Sized, name: str) -> None:
        """Raise InvalidParameterValue.LimitExceeded for a longer one."""
        if len(value) > self.limit:
            raise InvalidParameterValueLimitExceeded(name=name, limit=self.limit)


class OneOf:
    """One of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def check(self, value: object, name: str) -> None:
        """Raise InvalidParameterValue for any other word."""
        if value not in self.words:
            raise InvalidParameterValue(name=name, reason=f"`{value}` {list(self.words)}")


Ids = Annotated[list[str], AtMost(100)]
Page = Annotated[int, Between(1, 100)]


def wire_name(field: str) -> str:
    """Return how a field is called on the wire: `disk_id` is `DiskId`, `output_COS_x` is `OutputCOSX`."""
    return "".join(part[:1].upper() + part[1:] for part in field.strip("_").split("_"))


def parameter_names(kind: type) -> list[str]:
    """Return the names of an action's parameters on the wire."""
    return list(_shape(kind))


@cache
def _shape(kind: type[Any]) -> dict[str, tuple[str, Any, bool]]:
    """Map each wire name to its field, its type and whether it is required."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        wire_name(each.name): (
            each.name,
            hints[each.name],
            each.default is MISSING and each.default_factory is MISSING,
        )
        for each in fields(kind)
    }


def read(kind: type[T], given: Mapping[str, object], prefix: str = "") -> T:
    """Make a `kind` of what was `given`.

    Raises UnknownParameter, MissingParameter, WrongType or InvalidParameterValue, naming the parameter as the
    wire does (`Filters.0.Name`). A null counts as not given.
    """
    plain: type = kind
    shape = _shape(plain)
    for name in given:
        if name not in shape:
            raise UnknownParameter(name=prefix + name)
    values: dict[str, Any] = {}
    for name, (field, hint, required) in shape.items():
        value = given.get(name)
        if value is not None:
            values[field] = _convert(hint, value, prefix + name)
        elif required:
            raise MissingParameter(name=prefix + name)
    return kind(**values)


def _convert(hint: Any, value: object, name: str) -> Any:  # noqa: ANN401  # a type hint is only known as it runs
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *bounds = get_args(hint)
        converted = _convert(inner, value, name)
        for bound in bounds:
            bound.check(converted, name)
        return converted
    if origin in (Union, types.UnionType):
        return _convert(next(each for each in get_args(hint) if each is not type(None)), value, name)
    if origin is list:
        return _items(get_args(hint)[0], value, name)
    if is_dataclass(hint):
        return _nested(hint, value, name)
    return _scalar(hint, value, name)


def _items(hint: Any, value: object, name: str) -> list[Any]:  # noqa: ANN401  # as above
    if not isinstance(value, list):
        raise WrongType(name=name)
    return [_convert(hint, each, f"{name}.{index}") for index, each in enumerate(value)]


def _nested(hint: Any, value: object, name: str) -> Any:  # noqa: ANN401  # as above
    if not isinstance(value, dict):
        raise WrongType(name=name)
    return read(hint, value, f"{name}.")


def _scalar(hint: type, value: object, name: str) -> object:
    wanted: tuple[type, ...] = (int, float) if hint is float else (hint,)
    if not isinstance(value, wanted) or (isinstance(value, bool) and hint is not bool):
        raise WrongType(name=name)
    return value


_INDEX = re.compile(r"[0-9]{1,9}")


def unflatten(pairs: Mapping[str, object], kind: type) -> dict[str, object]:
    """Undo the flat names of a GET (`Filters.0.Name=disk-id`) for the parameters of `kind`.

    Raises WrongType for a name that stands for a value and for more names at once.
    """
    tree: dict[str, Any] = {}
    for path, value in pairs.items():
        node = tree
        *parents, leaf = path.split(".")
        for part in parents:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise WrongType(name=path)
        if leaf in node:
            raise WrongType(name=path)
        node[leaf] = value
    return {
        name: _untext(_shape(kind)[name][1] if name in _shape(kind) else str, v) for name, v in tree.items()
    }


def _untext(hint: Any, value: Any) -> object:  # noqa: ANN401  # as above
    origin = get_origin(hint)
    if origin is Annotated or origin in (Union, types.UnionType):
        return _untext(get_args(hint)[0], value)
    if origin is list and isinstance(value, dict) and all(_INDEX.fullmatch(key) for key in value):
        return [_untext(get_args(hint)[0], value[key]) for key in sorted(value, key=int)]
    if is_dataclass(hint) and isinstance(value, dict):
        shape = _shape(hint)  # type: ignore[arg-type]  # a dataclass type, as just seen
        return {k: _untext(shape[k][1] if k in shape else str, v) for k, v in value.items()}
    return _number(hint, value)


def _number(hint: Any, text: Any) -> object:  # noqa: ANN401  # as above
    if hint is bool and text in ("true", "True", "1", "false", "False", "0"):
        return text in ("true", "True", "1")
    try:
        return hint(text) if hint in (int, float) else text
    except (TypeError, ValueError):
        return text
