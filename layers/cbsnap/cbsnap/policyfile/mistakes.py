"""Pydantic's errors as sentences that say what would be right.

Decides the wording only; known keys and examples come from the JSON Schema.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from cbsnap.policyfile.yamllines import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from cbsnap.policyfile.yamllines import Path

_KEY_ITSELF = "[key]"  # pydantic's mark for an error in a mapping's key
_SHOWN = 60  # characters of a wrong value
_SENTENCES = {
    "bool_type": "must be true or false, not {input}",
    "cbsnap": "{message}",
    "dict_type": "must be a mapping of keys to values, not {input}",
    "greater_than_equal": "must be at least {ge}, not {input}",
    "int_type": "must be a whole number, not {input}",
    "less_than_equal": "must be at most {le}, not {input}",
    "list_type": "must be a list, such as [a, b], not {input}",
    "literal_error": "must be {expected}, not {input}",
    "missing": "is missing, and has no default",
    "model_type": "must be a mapping of keys to values, not {input}",
    "string_too_short": "is empty: write what belongs here",
    "string_type": "must be text, not {input}: put it in quotes",
    "too_short": "is empty: write what belongs here, or leave the key out",
}


def mistakes(error: ValidationError, schema: dict[str, Any]) -> Iterator[Finding]:
    """Yield what each of pydantic's errors means to the person who wrote the file; `schema` is the file's."""
    for details in error.errors(include_url=False):
        path = details["loc"]
        sentence = _sentence(details, schema, path)
        yield Finding(path[:-1] if path[-1:] == (_KEY_ITSELF,) else path, sentence)


def _sentence(details: ErrorDetails, schema: dict[str, Any], path: Path) -> str:
    if details["type"] == "extra_forbidden":
        return _unknown_key(str(path[-1]), _node(schema, path[:-1])["properties"])
    facts = {"input": _shown(details["input"]), **details.get("ctx", {})}
    if details["type"] == "string_pattern_mismatch":
        return f"{facts['input']} is none; one looks like {_example(schema, path)}"
    return _SENTENCES.get(details["type"], details["msg"]).format_map(facts)


def _example(schema: dict[str, Any], path: Path) -> str:
    if path[-1] == _KEY_ITSELF:
        return str(_node(schema, path[:-2])["propertyNames"]["examples"][0])
    return str(_node(schema, path)["examples"][0])


def _unknown_key(key: str, known: dict[str, Any]) -> str:
    if key == "<<":
        return "merge keys are not read: write the keys out"
    near = difflib.get_close_matches(key, known, n=1)
    return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; known are {', '.join(known)}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _node(schema: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the schema of the value at a path that is known to it."""
    node = schema
    for step in path:
        node = _inner(node, step)
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].removeprefix("#/$defs/")]
    return node


def _inner(node: dict[str, Any], step: str | int) -> dict[str, Any]:
    if isinstance(step, int):
        return dict(node["items"])
    named = node.get("properties", {}).get(step) or node.get("additionalProperties")
    return dict(named or next(iter(node["patternProperties"].values())))
