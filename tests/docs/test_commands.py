"""Every command of the pages is run: as it stands, on a local cloud, or by another test that is named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .evidence import ELSEWHERE, Elsewhere, exits, there_is
from .pages import Block, fences

if TYPE_CHECKING:
    from .conftest import Shell

FENCES = list(fences())
COMMANDS = [command for block in FENCES for command in block.commands]
PROGRAMS = "cbsnap|cbsnap-agent|curl|git|make|openssl|pip|python3?|sudo|systemctl|tccli"
# These change this machine: the local cloud's hosts are on it, make installs packages.
NEVER_HERE = re.compile(r"(sudo|make|systemctl|git|pip|cbsnap (hosts|deploy|destroy))\b")


def elsewhere(command: str) -> bool:
    return any(one.fits(command) for one in ELSEWHERE)


def here(block: Block) -> list[str]:
    return [one for one in block.commands if not elsewhere(one) and not NEVER_HERE.match(one)]


RUN_HERE = [block for block in FENCES if here(block)]


@pytest.mark.parametrize("block", RUN_HERE, ids=[block.place for block in RUN_HERE])
def test_the_commands_of_a_page_do_what_they_are_there_for(block: Block, shell: Shell) -> None:
    commands = here(block)

    codes, said = shell.run(commands)

    ended = dict(zip(commands, codes, strict=True))
    assert {command: code for command, code in ended.items() if code not in exits(command)} == {}, said


@pytest.mark.parametrize("command", sorted(filter(NEVER_HERE.match, COMMANDS)))
def test_what_would_change_this_machine_is_run_by_another_test(command: str) -> None:
    assert elsewhere(command), "say in tests/docs/evidence.py which test runs it"


@pytest.mark.parametrize("one", ELSEWHERE, ids=[one.command for one in ELSEWHERE])
def test_what_is_run_elsewhere_stands_in_a_page_and_is_run_there(one: Elsewhere) -> None:
    assert [command for command in COMMANDS if one.fits(command)]
    assert there_is(one.evidence), one.evidence


@pytest.mark.parametrize("block", FENCES, ids=[block.place for block in FENCES])
def test_a_command_stands_where_it_is_found(block: Block) -> None:
    if block.kind in {"", "sh", "bash", "shell"}:
        found = re.findall(rf"^(?:{PROGRAMS}) .*$", block.text, re.MULTILINE)

        assert found == [], "put commands into a fence of the kind console, behind `$ `; a synopsis into text"
