"""`cbsnap run`: shown and asked first; what comes of it, with the functions there, is in tests/functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.faults import Fault

from .conftest import FLEET

if TYPE_CHECKING:
    from .conftest import Command
    from .terminal import Keyboard

pytestmark = pytest.mark.fleet(FLEET)


def test_what_would_be_taken_is_shown_and_nothing_handed_over_where_nobody_can_be_asked(
    command: Command,
) -> None:
    code, printed = command.run("run", "orders")

    assert code == 4
    assert "disk-a" in printed
    assert "would be taken" in printed
    assert command.sent("Invoke") == 0


def test_a_no_takes_nothing(command: Command, typed: Keyboard) -> None:
    typed.text = "n\n"

    code, printed = command.run("run", "--instance", "ins-db")

    assert code == 4
    assert "Take 1 snapshot?" in printed
    assert command.sent("Invoke") == 0


def test_with_json_nothing_is_asked_since_nothing_was_shown(command: Command, typed: Keyboard) -> None:
    typed.text = "y\n"

    code, printed = command.run("run", "orders", "--json")

    assert code == 4
    assert "say --yes" in printed
    assert command.sent("Invoke") == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "name policies, or disks with --disk"),
        (("orders", "--disk", "disk-b"), "one of these"),
        (("order",), "policy: there is no order; the policy file has orders"),
        (("orders", "--plan", "mysql"), "a policy has its own"),
        (("--disk", "disk-none"), "there is no disk disk-none in ap-guangzhou"),
        (("--instance", "ins-scratch"), "--instance: ins-scratch has no disks in ap-guangzhou"),
        (("orders", "--key", "100%"), "without spaces and %"),
        (("orders", "--region", "eu-nowhere"), "region: eu-nowhere is not looked after"),
        (("--disk", "disk-a", "--keep-days", "0"), "--keep-days"),
    ],
)
def test_what_is_wrong_is_named(command: Command, arguments: tuple[str, ...], why: str) -> None:
    code, printed = command.run("run", *arguments)

    assert code == 3
    assert why in " ".join(printed.replace("│", " ").split())


def test_a_worker_that_is_not_there_is_named_and_no_success(command: Command) -> None:
    command.account.local.cloud.faults.add(
        [Fault("error", action="Invoke", code="ResourceNotFound.FunctionName")]
    )

    code, stated = command.json("run", "orders", "--yes")

    assert code == 2
    (disk,) = stated["runs"][0]["outcomes"]
    assert "TENCENTCLOUD_REGION" in disk["reason"]
    assert disk["decision"] == "failed"


def test_a_policy_without_disks_is_no_success(command: Command) -> None:
    command.policies.write_text(command.policies.read_text().replace("disks: [disk-a]", "disks: [disk-z]"))

    code, _ = command.run("run", "orders", "--yes")

    assert code == 2
