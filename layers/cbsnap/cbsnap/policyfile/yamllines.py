"""YAML as plain values, with the line of every key; bounded, and never code.

Decides what text is a readable document: mappings with single text keys, sequences and plain
scalars. What the values mean is the reader's business. Aliases are followed, merge keys (`<<`)
are not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from typing import TypeAlias

    Path: TypeAlias = tuple[str | int, ...]

LONGEST = 1024 * 1024  # characters
_DEEPEST = 20  # levels: both loaders compose recursively
_MOST_VALUES = 100_000  # after aliases, which can multiply
# The compiled loader reads ten times faster, where the platform's PyYAML has it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place in the document; `line` counts from 1, None means the path's own."""

    path: Path
    message: str
    line: int | None = None


@dataclass(slots=True)
class Document:
    """What was read; `findings` are what is wrong with the text, whatever it means."""

    value: Any = None
    unreadable: bool = False
    lines: dict[Path, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Return the line of a key or item, or of the nearest one that holds it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> Document:
    """Read one document; an empty one is an empty mapping. Raises nothing: what is wrong is found."""
    document = Document(value={})
    try:
        _refuse_excess(text)
        root = yaml.compose(text, _Loader)
        if root is not None:
            document.value = _Values(document).value(root, ())
    except _Excess as error:
        _give_up(document, error.line, str(error))
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        _give_up(document, _error_line(error, text), _error_text(error))
    return document


def _give_up(document: Document, line: int, message: str) -> None:
    document.unreadable = True
    document.findings = [Finding((), message, line)]


class _Excess(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _refuse_excess(text: str) -> None:
    """Look at the flat stream of events first: composing recurses, and a crash cannot be caught."""
    if len(text) > LONGEST:
        raise _Excess(1, f"longer than {LONGEST:,} characters")
    depth = 0
    event: Any  # the stubs make marks optional, which they are not in what a text is read into
    for event in yaml.parse(text, _Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _Excess(event.start_mark.line + 1, f"nested more than {_DEEPEST} levels deep")


class _Values:
    """Turns nodes into values, counting them, and writes lines and findings into the document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0
        self._scalars = _Loader("")

    def value(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 YAML holds anything
        self._count += 1
        if self._count > _MOST_VALUES or len(path) > _DEEPEST:
            raise _Excess(_line(node), "too much after following aliases: write it out")
        self._document.lines.setdefault(path, _line(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)  # as written, so that `on:` and `1:` stay text
            inner = (*path, key)
            if not isinstance(key_node, yaml.ScalarNode):
                self._note(key_node, path, "a key must be plain text")
            elif key in values:
                first = self._document.lines[inner]
                self._note(key_node, inner, f"given twice, first on line {first}: keep one of them")
            else:
                self._document.lines[inner] = _line(key_node)
                values[key] = self.value(value_node, inner)
        return values

    def _scalar(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 YAML holds anything
        try:
            value = self._scalars.construct_object(node)
        except yaml.constructor.ConstructorError:
            self._note(node, path, f"the tag {node.tag} is not read: write a plain value")
        except (ValueError, LookupError, AttributeError):  # what PyYAML's own constructors stumble over
            self._note(node, path, f"{node.value[:60]!r} looks like a date or number but is none: quote it")
        else:
            if value is None:
                self._note(node, path, "has no value: write one, or leave the key out")
            return value
        return None

    def _note(self, node: yaml.Node, path: Path, message: str) -> None:
        self._document.findings.append(Finding(path, message, _line(node)))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _error_line(error: Exception, text: str) -> int:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return min(int(mark.line), text.count("\n")) + 1  # the end may be marked as one line further
    position = getattr(error, "position", None) or getattr(error, "start", None) or 0
    return text.count("\n", 0, position) + 1


def _error_text(error: Exception) -> str:
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", error))
    context = str(getattr(error, "context", None) or "")
    if "cannot start any token" in problem:
        return f"not YAML: {problem}; indent with spaces, never tabs, and quote text that begins with @ or `"
    if "alias" in context:
        return f"not YAML: {problem} {context}; quote text that begins with *, such as '*/10 * * * *'"
    return f"not YAML: {problem} {context}".rstrip()
