"""From text to plan: reading, checking and converting, with all that is wrong gathered on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from cbsnap.errors import PolicyFileError, Problem
from cbsnap.policyfile import yamllines
from cbsnap.policyfile.contradictions import contradictions
from cbsnap.policyfile.mistakes import mistakes
from cbsnap.policyfile.published import json_schema
from cbsnap.policyfile.schema import PolicyFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cbsnap.model.plan import Plan
    from cbsnap.policyfile.yamllines import Document, Finding, Path


def parse(text: str, source: str) -> Plan:
    """Return the plan that a policy file makes; `source` is its name in messages.

    A plan without targets means the region that the caller runs in. Raises PolicyFileError.
    """
    document = yamllines.read(text)
    if document.unreadable:
        raise PolicyFileError(source, problems(document, document.findings))
    try:
        plan = PolicyFile.model_validate(document.value).plan()
    except ValidationError as error:
        found = [*document.findings, *mistakes(error, json_schema())]
        raise PolicyFileError(source, problems(document, found)) from None
    if findings := [*document.findings, *contradictions(plan)]:
        raise PolicyFileError(source, problems(document, findings))
    return plan


def problems(document: Document, findings: Iterable[Finding]) -> list[Problem]:
    """Place each finding on its line; of several at one key, the first says what matters."""
    first: dict[Path, Problem] = {}
    for finding in findings:
        line = finding.line or document.line(finding.path)
        first.setdefault(finding.path, Problem(line, _dotted(finding.path), finding.message))
    return sorted(first.values(), key=lambda problem: problem.line)


def _dotted(path: Path) -> str:
    """Return `policies.db.select.disks[0]`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")
