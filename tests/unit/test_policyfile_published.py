"""What is published of the policy file is what the code does: schema, starter file, reference."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cbsnap.model.plan import Plan
from cbsnap.model.policies import Selection
from cbsnap.policyfile import json_schema, parse
from cbsnap.rules.schedule import next_due

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/policies.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", REFERENCE, re.DOTALL)
DUES = re.findall(r"^\| `([^`]+)` \| (\S+/\S+) \| ([^|]+) \| ([^|]+) \|$", REFERENCE, re.MULTILINE)


def keys(node: object) -> Iterator[str]:
    """Yield the names of all properties in a JSON Schema."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for inner in node.values():
            yield from keys(inner)


def defaults() -> Iterator[tuple[str, str]]:
    """Yield each key of a section with its own table, with the default that the code has."""
    schema = json_schema()
    for section in (schema, schema["$defs"]["PolicySection"], schema["$defs"]["QuiesceSection"]):
        for key, node in section["properties"].items():
            if isinstance(node.get("default"), (str, int)):
                yield key, json.dumps(node["default"]).strip('"')


def test_the_published_schema_is_the_codes_own() -> None:
    published = json.loads((ROOT / "docs/policies.schema.json").read_text())

    assert published == json_schema(), "write json_schema() to docs/policies.schema.json, indented by 2"


def test_the_starter_file_takes_only_disks_that_were_tagged_and_holds_no_host() -> None:
    plan = parse((ROOT / "layers/policies/policies.yml").read_text(), "policies.yml")

    assert [policy.select for policy in plan.policies] == [Selection(tags={"cbsnap": frozenset({"on"})})]
    assert [policy.quiesce for policy in plan.policies] == [None]


def test_what_the_starter_file_has_in_comments_is_right_too() -> None:
    text = (ROOT / "layers/policies/policies.yml").read_text()
    settings = re.sub(r"^( *)#(?! )", r"\1", text, flags=re.MULTILINE)

    plan = parse(settings, "policies.yml")

    assert [policy.name for policy in plan.policies] == ["tagged", "orders-db"]
    assert [target.region for target in plan.targets] == ["ap-guangzhou", "ap-singapore"]
    assert plan.quota.region == 1000


def test_the_reference_has_examples_and_the_long_one_uses_every_key() -> None:
    used = set(re.findall(r"([a-z_]+):", EXAMPLES[-1]))

    assert len(EXAMPLES) >= 2
    assert set(keys(json_schema())) <= used


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_in_the_reference_is_a_policy_file(example: str) -> None:
    assert isinstance(parse(example, "docs/policies.md"), Plan)


@pytest.mark.parametrize("key", sorted(set(keys(json_schema()))))
def test_every_key_has_a_row_in_the_reference(key: str) -> None:
    first_cells = [line.split("|")[1] for line in REFERENCE.splitlines() if line.startswith("|")]

    assert any(f"`{key}`" in cell for cell in first_cells)


@pytest.mark.parametrize(("key", "default"), sorted(set(defaults())))
def test_the_defaults_in_the_reference_are_the_codes(key: str, default: str) -> None:
    assert re.search(rf'^\| `{key}` \| `"?{re.escape(default)}"?` \|', REFERENCE, re.MULTILINE)


def test_the_reference_has_the_days_on_which_clocks_change() -> None:
    assert len(DUES) >= 6


@pytest.mark.parametrize(("cron", "zone", "start", "expected"), DUES)
def test_a_schedule_in_the_reference_is_due_as_it_says(
    cron: str, zone: str, start: str, expected: str
) -> None:
    now = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)

    for due in expected.split(", "):
        now = next_due(cron, zone, now)

        assert now.astimezone(ZoneInfo(zone)).isoformat(" ", "minutes") == due
