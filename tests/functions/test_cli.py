"""The command hands over to the deployed functions and follows them: real processes, a real agent."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.upkeep.cli.terminal import Keyboard, Terminal

from .stage import ROOT, TOPIC, until

if TYPE_CHECKING:
    from .stage import Stage

COMMAND = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "  # as at a terminal
    "from cbsnap.entry.cli.app import main; sys.exit(main())"
)
CHECK = {"name": "ext4", "ok": True, "detail": "its journal was clean", "ms": 7.0}
TABLES = {"name": "mysql tables", "ok": False, "detail": "shop.orders: broken", "ms": 9.0}


@pytest.fixture
def terminal(stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody sits there
    return Terminal(stage.url, stage.folder / "policies/policies.yml", capsys, {})


def outcomes(stated: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["disk_id"]: one for run in stated["runs"] for one in run["outcomes"]}


def taken(terminal: Terminal) -> str:
    """Take the idle disk as it is, and return the snapshot."""
    code, stated = terminal.json("run", "--disk", "disk-idle", "--yes", "--wait")
    assert code == 0, stated
    return str(outcomes(stated)["disk-idle"]["snapshot_id"])


def scratch(stage: Stage, verdict: str, *checks: dict[str, Any]) -> None:
    """Have the scratch host say this of whatever it is to check."""
    program = stage.folder / "scratch/cbsnap-agent.pyz"
    program.parent.mkdir(exist_ok=True)
    told = json.dumps({"verdict": verdict, "cut": "inside", "checks": checks})
    program.write_text(f"#!/bin/sh\necho '{told}'\n")
    program.chmod(0o755)


def test_a_policy_is_taken_and_followed_until_all_is_proved(terminal: Terminal) -> None:
    code, stated = terminal.json("run", "databases", "--yes", "--wait", "--key", "before-7")

    (disk,) = outcomes(stated).values()
    assert (code, stated["check"], stated["key"]) == (0, 0, "before-7")
    assert (disk["state"], disk["label"]) == ("NORMAL", "application")
    assert disk["locked_ms"] > 0


def test_the_same_key_takes_nothing_again_and_tells_how_it_stands(terminal: Terminal, stage: Stage) -> None:
    first = terminal.json("run", "databases", "--yes", "--wait", "--key", "before-7")
    second = terminal.json("run", "databases", "--wait", "--key", "before-7")

    assert first[0] == second[0] == 0
    assert outcomes(first[1])["disk-db"]["snapshot_id"] == outcomes(second[1])["disk-db"]["snapshot_id"]
    assert len(stage.snapshots()) == 1


def test_without_waiting_it_says_how_to_follow(terminal: Terminal) -> None:
    code, printed = terminal.run("run", "databases", "--yes", "--key", "release-7")

    assert code == 0
    assert "#release-7; to follow it, ask again with --key release-7 --wait" in printed


def test_what_has_no_snapshot_is_told_with_the_workers_reason_though_no_log_is_named(
    terminal: Terminal,
) -> None:
    code, stated = terminal.json("run", "mute", "the-rest", "--yes", "--wait")

    found = outcomes(stated)
    assert code == 2
    assert "no answer from the agent" in found["disk-mute"]["reason"]
    assert "cannot be snapshotted" in found["disk-unable"]["reason"]
    assert {found["disk-idle"]["state"], found["disk-far"]["state"]} == {"NORMAL"}


def test_who_may_not_ask_a_worker_is_told_where_its_reason_is(terminal: Terminal, stage: Stage) -> None:
    stage.set_fault(kind="error", action="GetRequestStatus", code="UnauthorizedOperation", times=0)

    code, stated = terminal.json("run", "mute", "--yes", "--wait")

    assert code == 2
    assert "see the worker's log" in outcomes(stated)["disk-mute"]["reason"]


def test_what_is_less_than_its_plan_would_have_earned_is_no_full_success(terminal: Terminal) -> None:
    arguments = ("run", "--instance", "ins-mute", "--plan", "sqlite", "--on-failure", "crash")

    code, printed = terminal.run(*arguments, "--yes", "--wait")

    assert code == 1
    assert "disk-mute" in printed
    assert "crash" in printed


def test_a_disk_that_is_being_taken_is_waited_for(terminal: Terminal, stage: Stage) -> None:
    terminal.run("run", "--disk", "disk-db", "--yes")
    until("it is being taken", lambda: bool(stage.snapshots()))

    code, _ = terminal.run("run", "databases", "--yes", "--wait")

    assert code == 0
    assert len(stage.snapshots()) == 2


def test_a_person_who_agrees_has_disks_of_an_instance_taken_with_a_title_and_an_end(
    terminal: Terminal, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyboard = Keyboard()
    keyboard.text = "y\n"
    monkeypatch.setattr("sys.stdin", keyboard)

    code, printed = terminal.run(
        *("run", "--instance", "ins-db", "--plan", "sqlite", "--wait"),
        *("--title", "before release 7", "--keep-days", "7"),
    )

    (made,) = stage.snapshots()
    assert code == 0
    assert "disk-db: handed to a worker" in printed
    assert made["tags"]["cbsnap:title"] == "before release 7"
    assert made["deadline_s"] is not None


def test_who_interrupts_the_waiting_is_told_that_the_run_goes_on(terminal: Terminal, stage: Stage) -> None:
    environment = {**os.environ, **terminal.environment(), "PYTHONPATH": str(ROOT / "layers/cbsnap")}
    command = [sys.executable, "-c", COMMAND, "--policies", str(terminal.policies)]
    command += ["run", "databases", "--yes", "--wait"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    stage.settle()

    assert "disk-db" in first
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert rest.splitlines()[-1].startswith("cbsnap: interrupted")
    assert len(stage.snapshots()) == 1


def test_a_disk_is_put_back_when_its_id_is_given(terminal: Terminal) -> None:
    made = taken(terminal)

    code, stated = terminal.json("restore", "rollback", made, "--disk", "disk-idle", "--yes")
    shown, printed = terminal.run("restore", "show", stated["restore"]["key"])

    assert code == shown == 0
    assert (stated["plan"]["disk_id"], stated["restore"]["state"]) == ("disk-idle", "done")
    assert "what the disk held before: snap-" in printed


def test_new_disks_are_made_and_attached_under_the_key_that_was_given(
    terminal: Terminal, stage: Stage
) -> None:
    made = taken(terminal)

    code, printed = terminal.run(
        "restore", "clone", made, "--attach-to", "ins-db", "--yes", "--key", "night-1"
    )
    again, stated = terminal.json(
        "restore", "clone", made, "--attach-to", "ins-db", "--yes", "--key", "night-1"
    )

    (disk_id,) = stated["restore"]["disk_ids"]
    assert code == again == 0
    assert f"disks: {disk_id}" in printed
    assert stage.region().disks([disk_id])[0].instance_ids == ("ins-db",)
    assert len([disk for disk in stage.region().disks() if disk.name.startswith("restored-")]) == 1


def test_a_drill_that_fails_tells_its_checks_here_and_over_http(terminal: Terminal, stage: Stage) -> None:
    scratch(stage, "failed", CHECK, TABLES)
    terminal.run("run", "the-rest", "--yes", "--wait")

    code, printed = terminal.run("drill", "the-rest", "--yes", "--wait")
    terminal.more["CBSNAP_LOG_TOPIC"] = TOPIC
    listed, stands = terminal.json("drill", "list")

    assert (code, listed) == (1, 1)
    assert "the-rest: failed: mysql tables: shop.orders: broken" in printed
    assert "ok     ext4  its journal was clean" in printed
    (one,) = stands["items"]
    assert (one["reason"], one["cut"]) == ("mysql tables: shop.orders: broken", "inside")
    assert one["checks"] == [CHECK, TABLES]
    assert stage.api("GET", "/v1/drills").json()["items"] == [one]


def test_a_drill_that_cannot_begin_says_why(terminal: Terminal, stage: Stage) -> None:
    terminal.run("run", "the-rest", "--yes", "--wait")
    stage.fault("CreateDisks", "UnauthorizedOperation.NoRight")

    code, stated = terminal.json("drill", "--yes", "--wait")

    assert code == 3
    assert stated["items"][0]["verdict"] == "unfinished"
    assert "NoRight" in stated["items"][0]["reason"]
