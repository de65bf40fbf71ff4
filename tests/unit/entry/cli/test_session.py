from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cbsnap.entry.cli.session import Session

if TYPE_CHECKING:
    from pathlib import Path

OWN, DEPLOYED = "policies.yml", "layers/policies/policies.yml"


@pytest.mark.parametrize(
    ("there", "used"), [((OWN, DEPLOYED), OWN), ((OWN,), OWN), ((DEPLOYED,), DEPLOYED), ((), OWN)]
)
def test_the_policy_file_is_the_one_here_or_the_checkouts(
    tmp_path: Path, there: tuple[str, ...], used: str
) -> None:
    for name in there:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    assert Session({}, tmp_path, tmp_path).policy_file == tmp_path / used


def test_a_policy_file_that_is_named_is_used_whatever_else_there_is(tmp_path: Path) -> None:
    (tmp_path / OWN).touch()
    named, given = tmp_path / "named.yml", tmp_path / "given.yml"
    environment = {"CBSNAP_POLICIES": str(named)}

    assert Session(environment, tmp_path, tmp_path).policy_file == named
    assert Session(environment, tmp_path, tmp_path, given).policy_file == given
