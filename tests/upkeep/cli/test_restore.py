"""`cbsnap restore`: shown first, agreed to, and refused where the rules refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cbsnap.jobs.restore import AskedClone, AskedRollback
from cbsnap.model.plan import Target

from localcloud.faults import Fault
from tests.upkeep.conftest import HERE
from tests.upkeep.desk import Desk

from .conftest import FLEET, HOUR

if TYPE_CHECKING:
    from .conftest import Command
    from .terminal import Keyboard

pytestmark = pytest.mark.fleet(FLEET)
STOP = ("--stop", "--start")


def test_a_rollback_is_shown_with_its_warnings_and_not_done_where_nobody_can_be_asked(
    command: Command,
) -> None:
    made = command.taken(1, label="crash")

    code, printed = command.run("restore", "rollback", made, *STOP)

    assert code == 4
    for words in (
        "1. take a safety snapshot of disk-a",
        "roll disk-a back",
        "start ins-db",
        "! ",
        "--disk disk-a",
    ):
        assert words in printed
    assert command.sent("Invoke") == 0


@pytest.mark.parametrize("text", ["disk-b\n", "\n", "y\n", ""])
def test_a_rollback_needs_the_disks_own_id_typed(command: Command, typed: Keyboard, text: str) -> None:
    made = command.taken(1)
    typed.text = text

    code, printed = command.run("restore", "rollback", made, *STOP)

    assert code == 4
    assert "Type its id" in printed
    assert "nothing was done" in printed
    assert command.sent("Invoke") == 0


def test_another_disks_id_on_the_command_line_is_not_enough(command: Command) -> None:
    made = command.taken(1)

    code, printed = command.run("restore", "rollback", made, *STOP, "--disk", "disk-b", "--yes")

    assert code == 4
    assert "'disk-b' is not disk-a" in printed


def test_yes_alone_overwrites_nothing(command: Command) -> None:
    made = command.taken(1)

    code, printed = command.run("restore", "rollback", made, *STOP, "--yes")

    assert code == 4
    assert "--disk disk-a" in printed


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("rollback", "{made}"), "--stop: ins-db must be stopped"),
        (("rollback", "{made}", "--start", "--stop", "--region", "ap-singapore"), "there is no snap-"),
        (("rollback", "snap-none"), "there is no snap-none in the regions of the policy file"),
        (("clone", "{made}", "--at", "2026-11-22T02:00Z"), "--instance, and --at"),
        (("clone",), "name snapshots"),
        (("clone", "{made}", "--attach-to", "ins-none"), "--attach-to: there is no instance ins-none"),
        (("clone", "--instance", "ins-scratch"), "--instance: ins-scratch has no data disks"),
        (("clone", "--disk", "disk-a", "--at", "2020-01-01T00:00Z"), "--at: no run by 2020-01-01 00:00 UTC"),
        (("clone", "--disk", "disk-a", "--at", "yesterday"), "--at: 'yesterday' is no date and time"),
        (("clone", "{made}", "--size-gib", "10"), "--size-gib: "),
        (("clone", "{made}", "--key", "with a space"), "printable characters"),
    ],
)
def test_what_is_refused_is_named_as_the_command_line_has_it(
    command: Command, arguments: tuple[str, ...], why: str
) -> None:
    made = command.taken(1)

    code, printed = command.run("restore", *(one.format(made=made) for one in arguments))

    assert code == 3
    assert why in " ".join(printed.split())


def test_a_dry_run_shows_the_plan_with_its_agreement_as_the_api_does(command: Command) -> None:
    made = command.taken(1)

    code, stated = command.json("restore", "clone", made, "--attach-to", "ins-db", "--dry-run")

    assert code == 0
    assert stated["restore"] is None
    assert len(stated["plan"]["confirm"]) == 16
    assert stated["plan"]["steps"][-1] == "attach 1 disk to ins-db"
    assert command.sent("Invoke") == 0


def test_a_clone_as_of_a_time_says_which_time_that_is(command: Command) -> None:
    older, newer = command.taken(5), command.taken(1)

    _, newest = command.json("restore", "clone", "--instance", "ins-db", "--dry-run")
    _, printed = command.run("restore", "clone", "--disk", "disk-a", "--at", "2999-01-01 00:00Z", "--dry-run")

    assert newer in newest["plan"]["steps"][0]
    assert older not in newest["plan"]["steps"][0]
    assert "As of 2999-01-01 00:00 UTC" in printed


def test_a_disk_that_is_gone_is_found_by_its_snapshots(command: Command) -> None:
    made = command.taken(1, disk_id="disk-b")
    command.account.bench(Target(HERE), 0).disks.terminate(["disk-b"])
    command.account.advance(HOUR)

    code, stated = command.json(
        *("restore", "clone", "--disk", "disk-b", "--dry-run"),
        *("--zone", "ap-guangzhou-3", "--type", "CLOUD_SSD"),
    )

    assert code == 0
    assert made in stated["plan"]["steps"][0]


def test_a_function_that_is_not_deployed_is_said_to_be_so(command: Command) -> None:
    made = command.taken(1)
    command.account.local.cloud.faults.add(
        [Fault("error", action="Invoke", code="ResourceNotFound.FunctionName")]
    )

    code, stated = command.json("restore", "clone", made, "--yes", "--no-wait", "--key", "night-1")

    assert (code, command.sent("Invoke")) == (3, 1)
    assert stated["error"]["field"] == "CBSNAP_KEEPER"
    assert "TENCENTCLOUD_REGION" in stated["error"]["message"]


def test_what_changed_since_it_was_shown_is_refused(
    command: Command, typed: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = command.taken(1)
    typed.text = "disk-a\n"
    monkeypatch.setattr(typed, "meanwhile", lambda: command.taken(0.5))

    code, printed = command.run("restore", "rollback", made, *STOP)

    assert code == 3
    assert "look at the plan again" in printed
    assert command.sent("Invoke") == 0


def test_restores_are_listed_and_shown_by_their_key_or_its_digest(command: Command) -> None:
    made = command.taken(1)
    command.account.held().instances["ins-db"].state = "STOPPED"
    desk = Desk(command.account)
    desk.restore(AskedRollback(made), "undo")
    desk.restore(AskedClone((made,)), "beside")

    _, running = command.json("restore", "list")
    _, everything = command.json("restore", "list", "--all")
    done, shown = command.json("restore", "show", "undo")
    by_digest, page = command.run("restore", "show", everything["items"][1]["key"])
    unknown, nothing = command.run("restore", "show", "nobodys")

    assert running["items"] == []
    assert [(one["kind"], one["state"]) for one in everything["items"]] == [
        ("rollback", "done"),
        ("clone", "done"),
    ]
    assert (done, shown["kind"], shown["disk_ids"]) == (0, "rollback", ["disk-a"])
    assert by_digest == 0
    assert "x make 1 disk" in page
    assert unknown == 3
    assert "nobody has used this key" in nothing


def test_where_the_first_region_cannot_be_read_a_copy_elsewhere_can_be_cloned(command: Command) -> None:
    made = command.taken(1)
    name = command.account.held().snapshots[made].name
    copy = command.account.lifecycles.at(Target(HERE)).copy_snapshot(made, name, "ap-singapore")
    command.account.advance(HOUR)
    command.account.local.cloud.faults.add(
        [Fault("error", region="ap-guangzhou", code="InternalError", times=0)]
    )

    code, stated = command.json(
        *("restore", "clone", copy, "--region", "ap-singapore", "--dry-run"),
        *("--zone", "ap-singapore-1", "--type", "CLOUD_SSD"),
    )

    assert code == 0
    assert stated["plan"]["region"] == "ap-singapore"
