"""The policy file's keys as a page, made from the schema: `python -m release.policy_reference`.

It says what may stand where and what holds without it, as the code has it. Why and when to use a key is
docs/policies.md's business, which a person writes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbsnap.policyfile import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent.parent / "docs/policies-reference.md"
HEAD = """# Every key of the policy file

Made from the schema by `python -m release.policy_reference`; a test holds it to the code. \
What the keys are good for, with examples, is in [the policy file](policies.md).
"""
WORDS = {"string": "text", "integer": "whole number", "boolean": "`true` or `false`"}
BOUNDS = {"minimum": "at least {}", "maximum": "at most {}", "maxLength": "at most {} characters"}


def page(schema: dict[str, Any]) -> str:
    """Return the page of a JSON Schema whose sections are its `$defs`."""
    return HEAD + "".join(_section(place, node) for place, node in _sections(schema))


def _sections(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each section once, under the first place where it stands, those inside it next."""
    waiting = [("", schema)]
    seen: set[str] = set()
    while waiting:
        place, node = waiting.pop(0)
        yield place, node
        inner = [
            (f"{place}.{key}{suffix}".lstrip("."), name)
            for key, value in node["properties"].items()
            for suffix, name in _references(value)
            if name not in seen
        ]
        seen.update(name for _, name in inner)
        waiting[:0] = [(below, schema["$defs"][name]) for below, name in inner]


def _references(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the sections that a key holds, each with what stands between: a list, or names of one's own."""
    if "$ref" in node:
        yield "", node["$ref"].rpartition("/")[2]
    for suffix, inner in (("[]", node.get("items")), (".<name>", _named(node))):
        if inner:
            yield from ((suffix + deeper, name) for deeper, name in _references(inner))


def _named(node: dict[str, Any]) -> dict[str, Any]:
    """Return what stands under names of one's own, where there are such."""
    inner = next(iter(node.get("patternProperties", {}).values()), node.get("additionalProperties"))
    return inner if isinstance(inner, dict) else {}


def _section(place: str, node: dict[str, Any]) -> str:
    rows = "".join(
        _row(key, inner, key in node.get("required", ())) for key, inner in node["properties"].items()
    )
    title = f"`{place}`" if place else "The file"
    return f"\n## {title}\n\n{node['description']}\n\n| key | may be | default | |\n|---|---|---|---|\n{rows}"


def _row(key: str, node: dict[str, Any], required: bool) -> str:  # noqa: FBT001 - a fact about the key, not a switch
    default = "must be given" if required else _code(node["default"]) if "default" in node else "none"
    return f"| `{key}` | {_values(node)} | {default} | {_cell(node.get('description', ''))} |\n"


def _values(node: dict[str, Any]) -> str:
    """Return what a key may be, in words."""
    if names := list(_references(node)):
        return {"": "a section", "[]": "a list of sections"}.get(names[0][0], "sections, each under a name")
    if "const" in node:
        return _code(node["const"])
    if "enum" in node:
        return ", ".join(_code(one) for one in node["enum"])
    if "anyOf" in node:
        return " or ".join(_values(one) for one in node["anyOf"]) + _example(node)
    return _plain(node)


def _plain(node: dict[str, Any]) -> str:
    if node.get("type") == "array":
        return f"a list: {_values(node['items'])}"
    if node.get("type") == "object":
        return f"names, each with {_values(_named(node))}"
    bounds = [said.format(f"{node[key]:,}") for key, said in BOUNDS.items() if key in node]
    return ", ".join([WORDS[node["type"]], *bounds]) + _example(node)


def _example(node: dict[str, Any]) -> str:
    given = ", ".join(_code(one) for one in node.get("examples", ()))
    return f", such as {given}" if given else ""


def _code(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def main() -> int:
    """Write the page; return the exit code."""
    PAGE.write_text(page(json_schema()), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
