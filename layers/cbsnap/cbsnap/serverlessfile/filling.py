"""`${env:NAME}` in a serverless.yml: what stands there comes from the environment of whoever deploys.

A value that was filled in can be a secret: it is never part of a message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cbsnap.policyfile.yamllines import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cbsnap.policyfile.yamllines import Path

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_OF_THE_ENVIRONMENT = "env:"


class Filling:
    """Fills in from an environment; without one, all stays as it stands. `findings`: what could not be."""

    def __init__(self, environment: Mapping[str, str] | None) -> None:
        self._environment = environment
        self._places: set[Path] = set()
        self.findings: list[Finding] = []

    def filled(self, value: Any, path: Path = ()) -> Any:  # noqa: ANN401 - YAML holds anything
        """Return a value with its variables filled in."""
        if isinstance(value, dict):
            return {key: self.filled(one, (*path, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one, (*path, index)) for index, one in enumerate(value)]
        if not isinstance(value, str) or self._environment is None:
            return value
        return _VARIABLE.sub(lambda match: self._value(match, path), value)

    def discreet(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Tell nothing of what was filled in where one of these findings is."""
        for one in findings:
            hidden = one.path in self._places
            yield Finding(one.path, "what the environment has for it cannot stand here") if hidden else one

    def _value(self, match: re.Match[str], path: Path) -> str:
        name = match[1].removeprefix(_OF_THE_ENVIRONMENT)
        self._places.add(path)
        if not match[1].startswith(_OF_THE_ENVIRONMENT):
            self.findings.append(Finding(path, f"{match[0]} is not filled in here: write ${{env:NAME}}"))
        elif name not in (self._environment or {}):
            self.findings.append(Finding(path, f"{name} is not set: export it, empty where it is not used"))
        return (self._environment or {}).get(name, "")
