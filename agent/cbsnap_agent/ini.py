"""INI files with line numbers: sections, `key = value`, indented lines that continue a value, # comments.

Values are read by parsers that the caller names; a key that nobody has read when a section is finished is an
error. Every error names the file, the line, the section and the key.
"""

import collections
from typing import NamedTuple

from .errors import ConfigError

_REQUIRED = object()


class _Value(NamedTuple):
    text: str
    line: int


class Section:
    """One section: `take` its keys, then `finish` it."""

    def __init__(self, source, name, line):
        self.name = name
        self._source = source
        self._line = line
        self._values = collections.OrderedDict()
        self._taken = set()

    def take(self, key, parse=str, default=_REQUIRED):
        """Return a key's value, parsed. `parse` raises ValueError with what is wrong."""
        self._taken.add(key)
        if key not in self._values:
            if default is _REQUIRED:
                raise self.error(key, "is missing", self._line)
            return default
        text, line = self._values[key]
        try:
            return parse(text)
        except ValueError as error:
            raise self.error(key, str(error), line) from error

    def finish(self):
        """Refuse what was written and never read."""
        for key, value in self._values.items():
            if key not in self._taken:
                known = ", ".join(sorted(self._taken))
                raise self.error(key, "is not known here; known are: " + known, value.line)

    def error(self, key, problem, line=None):
        """Return the error that says what is wrong with a key."""
        line = line or self._values.get(key, _Value("", self._line)).line
        return ConfigError("{}:{}: [{}] {}: {}".format(self._source, line, self.name, key, problem))

    def canonical(self):
        """Return keys and values in a form that changes exactly when they do."""
        return "".join("{}={}\n".format(key, self._values[key].text) for key in sorted(self._values))

    def is_empty(self):
        """Tell whether nothing has been written in this section yet."""
        return not self._values

    def add(self, key, text, line):
        """Note a key that was read from a line."""
        if key in self._values:
            raise self.error(key, "is written twice", line)
        self._values[key] = _Value(text, line)

    def extend(self, text):
        """Add a continuing line to the last key's value."""
        key = next(reversed(self._values))
        value = self._values[key]
        self._values[key] = _Value((value.text + " " + text).strip(), value.line)


def parse(text, source):
    """Return the sections of a text by name; `source` is its name in errors."""
    sections = collections.OrderedDict()
    section = None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        if stripped.startswith("[") and stripped.endswith("]"):
            section = _open(sections, source, stripped[1:-1].strip(), number)
        else:
            _read_line(section, source, line, number)
    return sections


def _open(sections, source, name, number):
    if name in sections:
        raise ConfigError("{}:{}: [{}] is written twice".format(source, number, name))
    sections[name] = Section(source, name, number)
    return sections[name]


def _read_line(section, source, line, number):
    if section is None:
        raise ConfigError("{}:{}: a [section] must come first".format(source, number))
    if line[0].isspace() and not section.is_empty():
        section.extend(line.strip())
        return
    key, equals, text = line.partition("=")
    if not equals:
        raise ConfigError("{}:{}: [{}] {!r} is not `key = value`".format(source, number, section.name, line))
    section.add(key.strip(), text.strip(), number)
