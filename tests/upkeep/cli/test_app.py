"""The command as a whole: what is wrong is named, and how it ends."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cbsnap import __version__
from cbsnap.entry.cli.app import main

from .conftest import FLEET

if TYPE_CHECKING:
    from .conftest import Command

COMMAND = "import sys; from cbsnap.entry.cli.app import main; sys.exit(main())"
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


def test_the_version_needs_nothing_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"], {}) == 0
    assert capsys.readouterr().out == f"cbsnap {__version__}\n"


def test_the_schema_needs_no_keys_and_no_policy_file(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["schema"], {})

    assert code == 0
    assert "policies" in json.loads(capsys.readouterr().out)["properties"]


def shell(command: Command, line: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `cbsnap` is the command, as a process of its own."""
    program = f"{shlex.quote(sys.executable)} -c {shlex.quote(COMMAND)} --policies {command.policies}"
    path = os.environ["PATH"]
    return subprocess.run(
        ["bash", "-c", f'cbsnap() {{ {program} "$@"; }}; {line}'],
        env={"PATH": path, "PYTHONPATH": os.pathsep.join(sys.path), **command.environment(), **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("what", ["snapshots list", "snapshots list --json", "schema"])
def test_who_stops_reading_causes_no_complaint(command: Command, what: str) -> None:
    for _ in range(3):
        command.taken(1)

    done = shell(command, f"cbsnap {what} | true")

    assert done.stderr == ""


def test_what_goes_to_a_file_has_no_colours_and_no_bars(command: Command) -> None:
    command.taken(9)
    command.taken(1)

    done = shell(command, "cbsnap prune --all --dry-run", TERM="xterm-256color")

    assert done.returncode == 0
    assert "goes" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_has_colours_unless_it_is_asked_for_none(
    command: Command, environment: dict[str, str], *, coloured: bool
) -> None:
    command.taken(9)
    command.taken(1)
    typed = f"{sys.executable} -c '{COMMAND}' --policies {command.policies} prune --dry-run"

    line = 'script --quiet --return --command "$TYPED" /dev/null'
    done = shell(command, line, TYPED=typed, TERM="xterm-256color", COLUMNS="200", **environment)

    assert ("\x1b[31mgoes" in done.stdout) is coloured
    assert "goes" in done.stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("cbsnap --policies {file} plan or", "orders"),
        ("cbsnap --policies {file} run ", "orders"),
        ("cbsnap --policies {file} drill start o", "orders"),
        ("cbsnap --policies {file} prune --policy ", "orders"),
        ("cbsnap --policies {file} coverage --region ap-s", "ap-singapore"),
        ("cbsnap --policies /none plan ", ""),
    ],
)
def test_the_shell_completes_what_the_policy_file_names(command: Command, words: str, offered: str) -> None:
    typed = words.format(file=command.policies)
    asked = {"_CBSNAP_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}

    done = shell(command, f"{shlex.quote(sys.executable)} -c {shlex.quote(COMMAND)}", **asked)

    assert done.stdout.split() == offered.split()
    assert done.stderr == ""
