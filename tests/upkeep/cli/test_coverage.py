"""`cbsnap coverage`, for people and for monitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.faults import Fault

from .conftest import FLEET

if TYPE_CHECKING:
    from .conftest import Command

pytestmark = pytest.mark.fleet(FLEET)


def test_coverage_says_how_each_disk_stands_and_exits_well(command: Command) -> None:
    made = command.taken(0.5)

    code, printed = command.run("coverage")

    assert code == 0
    for word in (made, "orders", "covered", "no policy", "1 covered, 1 no policy"):
        assert word in printed


@pytest.mark.parametrize(
    ("hours_ago", "label", "code"), [(0.5, "application", 0), (5, "application", 1), (0.5, "crash", 2)]
)
def test_coverage_checks_for_a_monitor(command: Command, hours_ago: float, label: str, code: int) -> None:
    command.taken(hours_ago, label)
    command.account.held().disks["disk-a"].created_s = 0

    exit_code, stated = command.json("coverage", "--check")

    assert exit_code == code
    assert stated["check"] == code
    assert {one["disk_id"] for one in stated["items"]} == {"disk-a", "disk-b"}


def test_a_check_that_could_not_be_made_is_neither_well_nor_stale(command: Command) -> None:
    command.account.local.cloud.faults.add([Fault("error", code="AuthFailure.SecretIdNotFound", times=0)])

    code, printed = command.run("coverage", "--check")

    assert code == 3
    assert "AuthFailure.SecretIdNotFound" in printed


def with_another_region(command: Command) -> None:
    """Have the policy file look after a second region, too."""
    here, both = "[{region: ap-guangzhou}]", "[{region: ap-guangzhou}, {region: ap-beijing}]"
    text = command.policies.read_text().replace("drill: {", "drill: {region: ap-guangzhou, ")
    command.policies.write_text(text.replace(here, both))


@pytest.mark.parametrize(("label", "code"), [("application", 3), ("crash", 2)])
def test_a_region_that_cannot_be_read_passes_for_nothing(command: Command, label: str, code: int) -> None:
    command.taken(0.5, label)
    command.account.held().disks["disk-a"].created_s = 0
    with_another_region(command)
    refused = Fault("error", region="ap-beijing", code="AuthFailure.UnauthorizedOperation", times=0)
    command.account.local.cloud.faults.add([refused])

    checked, printed = command.run("coverage", "--check")
    looked, stated = command.json("coverage")

    assert (checked, looked) == (code, 1)
    assert "disk-a" in printed
    assert "ap-beijing is missing here" in printed
    assert [(one["region"], one["code"]) for one in stated["errors"]] == [
        ("ap-beijing", "AuthFailure.UnauthorizedOperation")
    ]
