"""The reference of the policy file is what the schema says."""

from __future__ import annotations

import re

from cbsnap.policyfile import json_schema

from release import policy_reference

from .pages import PAGES


def test_the_reference_is_that_of_this_schema() -> None:
    written = PAGES["docs/policies-reference.md"]

    assert written == policy_reference.page(json_schema()), "run python -m release.policy_reference"


def test_every_section_of_the_schema_has_its_table() -> None:
    schema = json_schema()

    headings = re.findall(r"^## (.+)$", policy_reference.page(schema), re.MULTILINE)

    assert len(headings) == len(schema["$defs"]) - _twice(schema) + 1


def _twice(schema: dict[str, object]) -> int:
    """Return how many definitions are no sections."""
    defs = schema["$defs"]
    assert isinstance(defs, dict)
    return sum("properties" not in one for one in defs.values())
