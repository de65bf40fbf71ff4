"""YAML files whose mistakes are told with the line they stand on.

It decides how a file is read and how a mistake is worded; what a file may hold is its reader's part.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

VARIABLE = re.compile(r"\$\{([^}]*)\}")


class FileError(Exception):
    """A mistake in what is deployed: `<file>:<line>: <what is wrong and what would be right>`."""


class Section:
    """One mapping of a file, with the line of each key.

    The getters raise FileError for a value of another type, and for a missing one unless there is a default.
    """

    def __init__(self, file: Path, line: int) -> None:
        self._file, self._line = file, line
        self._values: dict[str, Any] = {}
        self._lines: dict[str, int] = {}

    def put(self, key: str, value: object, line: int) -> None:
        """Enter a key; the same key twice is a mistake."""
        if key in self._values:
            raise FileError(f"{self._file}:{line}: {key} stands here a second time")
        self._values[key], self._lines[key] = value, line

    def error(self, key: str, problem: str) -> FileError:
        """Return the mistake at a key, or at the mapping when it has no such key."""
        return FileError(f"{self._file}:{self._lines.get(key, self._line)}: {key} {problem}")

    def allow(self, known: Collection[str]) -> Section:
        """Refuse every other key."""
        for key in self._values:
            if key not in known:
                raise self.error(key, f"is not known here; there are {', '.join(sorted(known))}")
        return self

    def over(self, shared: Section, key: str) -> Section:
        """Return the section that says `key`: this one, or else the shared one."""
        return shared if key in shared._values and key not in self._values else self

    def keys(self) -> Iterator[str]:
        """Return the keys in the order of the file."""
        return iter(self._values)

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; numbers and truth values are taken as they are written in YAML."""
        value = self._get(key, default)
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str | int | float):
            return str(value)
        raise self.error(key, "should be a text")

    def number(self, key: str, default: int | None = None) -> int:
        """Return a whole number."""
        value = self._get(key, default)
        if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
            raise self.error(key, "should be a whole number")
        return int(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, "should be true or false")
        return value

    def section(self, key: str) -> Section:
        """Return a mapping; an empty one when the key is absent."""
        value = self._values.get(key)
        if value is None:
            return Section(self._file, self._lines.get(key, self._line))
        if not isinstance(value, Section):
            raise self.error(key, "should be a mapping")
        return value

    def sections(self, key: str) -> list[Section]:
        """Return a list of mappings; an empty one when the key is absent."""
        value = self._values.get(key) or []
        if not isinstance(value, list) or not all(isinstance(item, Section) for item in value):
            raise self.error(key, "should be a list of mappings")
        return value

    def _get(self, key: str, default: object) -> Any:  # noqa: ANN401 - a file may hold anything here
        value = self._values.get(key, default)
        if value is None:
            raise self.error(key, "is missing")
        return value


def read_yaml(file: Path, fill: Callable[[str], str | None] = lambda _: None) -> Section:
    """Read a file whose top is a mapping; `fill` gives the text for each `${name}`.

    Raises FileError for what is not YAML or not a mapping, and for a name that `fill` does not know.
    """
    try:
        top = yaml.compose(file.read_text(encoding="utf-8"), yaml.SafeLoader)
    except OSError as error:
        raise FileError(f"{file}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FileError(f"{file}:{line}: not YAML: {error.problem}") from error
    if not isinstance(top, yaml.MappingNode):
        raise FileError(f"{file}:1: should be a mapping")
    value = _Reading(file, fill).value(top)
    assert isinstance(value, Section)  # noqa: S101 - a mapping node was just seen
    return value


class _Reading:
    def __init__(self, file: Path, fill: Callable[[str], str | None]) -> None:
        self._file, self._fill = file, fill
        self._scalars = yaml.SafeLoader("")

    def value(self, node: yaml.Node) -> object:
        if isinstance(node, yaml.MappingNode):
            return self._section(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item) for item in node.value]
        return self._scalar(node)

    def _section(self, node: yaml.MappingNode) -> Section:
        section = Section(self._file, node.start_mark.line + 1)
        for key, value in node.value:
            section.put(str(key.value), self.value(value), key.start_mark.line + 1)
        return section

    def _scalar(self, node: yaml.Node) -> object:
        line = node.start_mark.line + 1
        if VARIABLE.search(node.value):
            return VARIABLE.sub(lambda match: self._filled(match[1], line), node.value)
        return self._scalars.construct_object(node)

    def _filled(self, name: str, line: int) -> str:
        text = self._fill(name)
        if text is None:
            raise FileError(f"{self._file}:{line}: ${{{name}}} has no value")
        return text
