"""docs/cam/deployer.json is what `cbsnap deploy` and `destroy` call: neither less nor more.

It comes after all other tests of this folder, whose commands are noted by `Checkout.run`. To change it,
change release/rights.py and run `python -m release.rights`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from release import rights
from tests.deploy.called import BY_DEPLOYING


def test_who_deploys_may_do_what_it_takes_and_no_more(request: pytest.FixtureRequest) -> None:
    ran = {Path(item.path) for item in request.session.items}
    if left_out := sorted(file.name for file in set(Path(__file__).parent.glob("test_*.py")) - ran):
        pytest.skip(f"only all of tests/deploy shows it: {', '.join(left_out)} did not run")

    assert rights.PEOPLE["deployer"] == BY_DEPLOYING


def test_who_deploys_passes_on_the_roles_of_the_functions_and_no_other() -> None:
    policy = json.loads((rights.FOLDER / "deployer.json").read_text())

    passed = [one["resource"] for one in policy["statement"] if one["action"] == ["cam:PassRole"]]
    assert passed == [[f"qcs::cam:::roleName/{name}" for name in sorted(rights.CALLS)]]


def test_who_deploys_runs_no_command_on_a_host() -> None:
    assert "tat:" not in (rights.FOLDER / "deployer.json").read_text()
