"""A command or an option without documentation is a red test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from cbsnap.entry.cli.app import APP

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[4] / "docs/cli.md").read_text(encoding="utf-8")
FIRST_CELLS = "\n".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("|"))


def commands(group: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - Typer's own classes
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command


ALL = dict(commands(typer.main.get_command(APP)))
OPTIONS = {
    name for command in ALL.values() for one in command.params for name in one.opts if name.startswith("--")
}


@pytest.mark.parametrize("command", sorted(ALL))
def test_every_command_is_in_the_page(command: str) -> None:
    assert f"`{command}" in FIRST_CELLS


@pytest.mark.parametrize("option", sorted(OPTIONS - {"--help"}))
def test_every_option_is_in_the_page(option: str) -> None:
    assert f"`{option}" in FIRST_CELLS


def test_the_page_names_no_command_that_there_is_not() -> None:
    written = [line.split("`")[1] for line in FIRST_CELLS.splitlines() if line.startswith(" `")]
    named = [one.split(" [")[0] for one in written if one[0].isalpha()]

    assert [one for one in named if not any(one.startswith(command) for command in ALL)] == []
