"""What `cbsnap doctor --calibrate` refuses, before anything is made."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from cbsnap.entry.cli.app import main

from tests.agent.driver import DISK

if TYPE_CHECKING:
    from .conftest import Installation


class Person(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


def calibrate(installation: Installation, *arguments: str) -> tuple[int, str]:
    code = main(
        ["--policies", str(installation.policies), "doctor", "--calibrate", *arguments],
        installation.environment,
    )
    printed = installation.capsys.readouterr()
    return code, printed.out + printed.err


def nothing_was_done(installation: Installation) -> bool:
    done = {one.get("action") for one in installation.cloud.requests}
    return not done & {"CreateSnapshot", "RunCommand", "CreateDisks"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("disk-none",), "calibrate: there is no disk-none in ap-guangzhou"),
        (("disk-rest",), "a data disk is wanted that is attached to one instance"),
        ((DISK, "--snapshots", "11"), "snapshots: wants 1 to 10, not 11"),
    ],
)
def test_what_cannot_be_is_said(installation: Installation, arguments: tuple[str, ...], why: str) -> None:
    code, printed = calibrate(installation, *arguments)

    assert code == 3
    assert why in printed
    assert nothing_was_done(installation)


def test_nothing_is_done_where_nobody_can_be_asked(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())

    code, printed = calibrate(installation, DISK, "--yes")

    assert code == 4
    assert "give the disk the tag cbsnap:calibrate" in printed
    assert nothing_was_done(installation)


def test_nothing_is_done_when_another_id_is_typed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Person("disk-other\n"))

    code, printed = calibrate(installation, DISK)

    assert code == 4
    assert "Then 5 disks of" in printed
    assert nothing_was_done(installation)


def test_a_disk_with_the_tag_needs_no_typing_and_a_host_without_the_agent_is_said(
    installation: Installation,
) -> None:
    installation.held().disks[DISK].tags["cbsnap:calibrate"] = "yes"

    code, printed = calibrate(installation, DISK, "--yes")

    assert code == 3
    assert "calibrate: ins-11111111: " in printed
    assert "cbsnap-agent.pyz" in printed
    assert installation.held().snapshots == {}
