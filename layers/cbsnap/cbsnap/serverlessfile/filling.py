"""`${env:NAME}` in a serverless.yml: what stands there comes from the environment of whoever deploys.

A value that is filled in can be a secret: it is never part of a message.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cbsnap.policyfile.yamllines import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cbsnap.policyfile.yamllines import Path

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_OF_THE_ENVIRONMENT = "env:"


def filled(
    value: Any,  # noqa: ANN401 - YAML holds anything
    environment: Mapping[str, str],
    findings: list[Finding],
    path: Path = (),
) -> Any:  # noqa: ANN401 - the same
    """Return the value with its variables filled in; what cannot be is added to the findings."""
    if isinstance(value, dict):
        return {key: filled(one, environment, findings, (*path, key)) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, environment, findings, (*path, index)) for index, one in enumerate(value)]
    if not isinstance(value, str):
        return value

    def text(match: re.Match[str]) -> str:
        name = match[1].removeprefix(_OF_THE_ENVIRONMENT)
        if not match[1].startswith(_OF_THE_ENVIRONMENT):
            findings.append(Finding(path, f"{match[0]} is not filled in here: write ${{env:NAME}}"))
        elif name not in environment:
            findings.append(Finding(path, f"{name} is not set: export it, empty where it is not used"))
        return environment.get(name, "")

    return _VARIABLE.sub(text, value)
