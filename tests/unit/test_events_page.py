"""What docs/events.md and serverless.yml say of events is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cbsnap.policyfile import parse

from localcloud.runtime.catalog import Source
from localcloud.runtime.serverless import read_functions

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/events.md").read_text(), re.DOTALL)
SET = {"CBSNAP_MASTER_KEY": "", "CBSNAP_API_TOKENS": "", "CBSNAP_NOTIFY_OPS": ""}


def test_the_page_has_its_examples() -> None:
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_page_is_a_policy_file_with_a_rule(example: str) -> None:
    assert len(parse(example, "docs/events.md").events) == 1


def test_the_triggers_that_serverless_yml_has_in_comments_are_right_and_disabled(tmp_path: Path) -> None:
    text = re.sub(r"^( +)#(?! )", r"\1", (ROOT / "serverless.yml").read_text(), flags=re.MULTILINE)
    text = text.replace("src: ./functions", f"src: {ROOT}/functions")
    (tmp_path / "serverless.yml").write_text(text)

    deployed = {one.key.name: one for one in read_functions(tmp_path / "serverless.yml", "1", SET)}

    assert deployed["cbsnap-events"].sources == [
        Source("cos", "backups-1250000001", enabled=False),
        Source("ckafka", "ckafka-1a2b3c4d-before-release", enabled=False),
        Source("cmq", "before-release", enabled=False),
    ]
