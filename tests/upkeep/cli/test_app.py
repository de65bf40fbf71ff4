"""The command as a whole: what is wrong is named, and how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cbsnap.entry.cli.app import main

from .conftest import FLEET

if TYPE_CHECKING:
    from .conftest import Command

pytestmark = pytest.mark.fleet(FLEET)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["covrage"], "Did you mean 'coverage'"),
        (["coverage", "--region", "eu-nowhere"], "region: eu-nowhere is not looked after"),
        (["plan", "order"], "policy: there is no order; the policy file has orders"),
        (["prune", "--policy", "order"], "policy: there is no order; the policy file has orders"),
        (["show", "snap-none"], "there is no snap-none in the regions of the policy file"),
        (["snapshots", "adopt", "snap-none", "--yes"], "there is no snap-none"),
    ],
)
def test_what_is_wrong_is_named_and_is_no_finding(command: Command, arguments: list[str], why: str) -> None:
    code, printed = command.run(*arguments)

    assert code == 3
    assert why in printed


def test_an_error_is_json_where_json_was_asked_for(command: Command) -> None:
    code, stated = command.json("coverage", "--region", "eu-nowhere")

    assert code == 3
    assert stated["error"]["field"] == "region"


def test_the_schema_needs_no_keys_and_no_policy_file(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["schema"], {})

    assert code == 0
    assert "policies" in json.loads(capsys.readouterr().out)["properties"]
