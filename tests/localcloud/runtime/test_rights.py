"""Policies of functions' roles: what they allow, and how mistakes in them are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from localcloud.records import RecordError
from localcloud.runtime.rights import operation, read_rights

if TYPE_CHECKING:
    from pathlib import Path


def policy(*actions: str, effect: str = "allow", version: str = "2.0") -> str:
    statement = {"effect": effect, "action": list(actions), "resource": ["*"]}
    return json.dumps({"version": version, "statement": [statement]})


def test_a_function_may_do_what_its_policy_names_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(policy("cvm:CreateSnapshot", "name/scf:InvokeFunction", "tag:*"))

    rights = read_rights(tmp_path)

    assert rights.allow("one", operation("cbs", "CreateSnapshot"))
    assert rights.allow("one", operation("scf", "Invoke"))
    assert rights.allow("one", operation("tag", "TagResources"))
    assert not rights.allow("one", operation("cbs", "DeleteSnapshots"))
    assert not rights.allow("another", operation("cbs", "CreateSnapshot"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no policy"),
        ("[]", "is no policy"),
        ('{"version": "2.0", "statement": [{"effect": "allow"}]}', "is no policy"),
        (policy("*", effect="deny"), "should have version 2.0 and allow only"),
        (policy("*", version="1.0"), "should have version 2.0 and allow only"),
    ],
)
def test_what_is_no_policy_is_told_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "one.json").write_text(text)

    with pytest.raises(RecordError, match=told) as caught:
        read_rights(tmp_path)

    assert str(caught.value).startswith(f"{tmp_path}/one.json: ")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such folder"):
        read_rights(tmp_path / "nowhere")
