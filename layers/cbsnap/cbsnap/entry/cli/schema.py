"""`cbsnap schema`: the policy file's JSON Schema, for editors and checkers."""

from cbsnap.entry.cli import screen
from cbsnap.policyfile import json_schema


def schema() -> None:
    """Print the policy file's JSON Schema."""
    screen.value(json_schema())
