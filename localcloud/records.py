"""YAML (and JSON, which is a part of it) read into dataclasses, a mistake answered with its line.

A record's fields are its keys; one without a default is required, and no other key is taken. What the values
mean is the part of whoever asks.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Generic,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import yaml

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
Fill = Callable[[str], "str | None"]
VARIABLE = re.compile(r"\$\{([^}]*)\}")


class RecordError(Exception):
    """The text has a mistake; the message names where it is from and the line."""


@dataclass(frozen=True)
class Within:
    """A bound beside a field's type: a number from `low` to `high`, both included."""

    low: float
    high: float = float("inf")

    def allows(self, value: Any) -> bool:  # noqa: ANN401  # a number, by the type that it stands beside
        """Say whether a value is within; NaN is not."""
        return bool(self.low <= value <= self.high and value != float("inf"))

    def __str__(self) -> str:
        """Say what is allowed."""
        return f"at least {self.low:g}" if self.high == float("inf") else f"{self.low:g} to {self.high:g}"


class Word:
    """A bound beside a text's type: one of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def allows(self, value: object) -> bool:
        """Say whether a value is one of them."""
        return value in self.words

    def __str__(self) -> str:
        """Say what is allowed."""
        return f"one of {', '.join(each or 'nothing' for each in self.words)}"


@dataclass(frozen=True)
class Found(Generic[T]):
    """What a text says, and on which line each of its records and their keys stand."""

    origin: str
    record: T
    lines: dict[tuple[int, str], int]

    def mistake(self, record: object, text: str, key: str = "") -> RecordError:
        """Make the error of a record, or of one of its keys, that is well formed and makes no sense."""
        line = self.lines.get((id(record), key)) or self.lines.get((id(record), ""), 1)
        return RecordError(f"{self.origin}:{line}: {text}")


def read(hint: type[T], text: str, origin: str, fill: Fill | None = None) -> Found[T]:
    """Read a `hint` (a dataclass, or a list of one) from a text; an empty one is an empty mapping.

    With `fill`, each `${name}` in a scalar becomes what it returns for the name. Raises RecordError, naming
    `origin` and the line; a name for which `fill` returns None is a mistake, too.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader) or yaml.MappingNode("tag:yaml.org,2002:map", [])
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise RecordError(f"{origin}:{line}: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise RecordError(f"{origin}: {error}") from error
    reader = _Reader(origin, fill)
    return Found(origin, reader.read(hint, node, "the whole"), reader.lines)


def text_of(path: Path) -> str:
    """Return what a file says; raises RecordError where it cannot be read as UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{path}: not UTF-8 from byte {error.start}") from error


@cache
def _shape(kind: type[Any]) -> dict[str, tuple[Any, Field[Any]]]:
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: (hints[each.name], each) for each in fields(kind)}


@dataclass(frozen=True)
class _Reader:
    origin: str
    fill: Fill | None
    lines: dict[tuple[int, str], int] = field(default_factory=dict)

    def fail(self, node: yaml.Node, text: str) -> RecordError:
        return RecordError(f"{self.origin}:{_line(node)}: {text}")

    def read(self, hint: Any, node: yaml.Node, what: str) -> Any:  # noqa: ANN401  # hints are known as it runs
        origin = get_origin(hint)
        if origin is Annotated:
            return self._bounded(get_args(hint), node, what)
        if origin in (Union, types.UnionType):
            return self.read(get_args(hint)[0], node, what)
        if origin is list:
            return self._list(get_args(hint)[0], node, what)
        if origin is dict:
            return {
                key.value: self.read(get_args(hint)[1], value, f"{what}.{key.value}")
                for key, value in self._pairs(node, what)
            }
        if hint is object:
            return self._value(node)
        return (self._record if is_dataclass(hint) else self._scalar)(hint, node, what)

    def _bounded(self, hints: tuple[Any, ...], node: yaml.Node, what: str) -> Any:  # noqa: ANN401  # as above
        value = self.read(hints[0], node, what)
        for bound in hints[1:]:
            if not bound.allows(value):
                raise self.fail(node, f"{what} should be {bound}, not `{value}`")
        return value

    def _pairs(self, node: yaml.Node, what: str) -> list[tuple[Any, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self.fail(node, f"{what} should be a mapping")
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.fail(key, f"{what} has a key that is no text")
            if key.value in seen:
                raise self.fail(key, f"{what} has `{key.value}` twice")
            seen.add(key.value)
        return list(node.value)

    def _list(self, hint: Any, node: yaml.Node, what: str) -> list[Any]:  # noqa: ANN401  # as above
        if not isinstance(node, yaml.SequenceNode):
            raise self.fail(node, f"{what} should be a list")
        return [self.read(hint, each, f"{what}[{index}]") for index, each in enumerate(node.value)]

    def _record(self, kind: Any, node: yaml.Node, what: str) -> Any:  # noqa: ANN401  # as above
        shape, values, lines = _shape(kind), {}, {"": _line(node)}
        for key, value in self._pairs(node, what):
            if key.value not in shape:
                near = difflib.get_close_matches(key.value, shape, 1)
                meant = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(shape)}"
                raise self.fail(key, f"{what} has no key `{key.value}`; {meant}")
            values[key.value] = self.read(shape[key.value][0], value, f"{what}.{key.value}")
            lines[key.value] = _line(key)
        for name, (_, each) in shape.items():
            if name not in values and each.default is MISSING and each.default_factory is MISSING:
                raise self.fail(node, f"{what} needs `{name}`")
        record = kind(**values)
        self.lines.update({(id(record), name): line for name, line in lines.items()})
        return record

    def _scalar(self, hint: type, node: yaml.Node, what: str) -> object:
        if not isinstance(node, yaml.ScalarNode):
            raise self.fail(node, f"{what} should be {hint.__name__}")
        if self.fill and VARIABLE.search(node.value):
            text = VARIABLE.sub(lambda match: self._filled(match[1], node), node.value)
            tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # its stub
            node = yaml.ScalarNode(tag, text, node.start_mark)
        if hint is str:
            return node.value
        value = self._value(node)
        wanted: tuple[type, ...] = (int, float) if hint is float else (hint,)
        if not isinstance(value, wanted) or (isinstance(value, bool) and hint is not bool):
            raise self.fail(node, f"{what} should be {hint.__name__}, not `{node.value}`")
        return value

    def _value(self, node: yaml.Node) -> object:
        try:
            value: object = yaml.SafeLoader("").construct_object(node, deep=True)
        except yaml.constructor.ConstructorError as error:
            raise self.fail(node, str(error.problem)) from error
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            # What PyYAML's own constructors stumble over.
            raise self.fail(node, "this looks like a date or a number and is none, or has no end") from error
        return value

    def _filled(self, name: str, node: yaml.Node) -> str:
        text = self.fill(name) if self.fill else None
        if text is None:
            raise self.fail(node, f"${{{name}}} has no value")
        return text


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1 if node.start_mark else 1
