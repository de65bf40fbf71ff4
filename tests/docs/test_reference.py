"""What there is has its place in the pages: targets, commands, options, exit codes, tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from cbsnap.entry.cli import app
from cbsnap_agent import cli as agent

from localcloud import cli as localcloud

from .evidence import every_test
from .pages import PAGES, ROOT, code

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

TARGETS = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
NAMED_TESTS = {
    (page, name) for page, text in PAGES.items() for name in re.findall(r"`(tests/[\w/]+\.py::\w+)`", text)
}
EXIT_CODE = re.compile(r"^\| (\d) \|", re.MULTILINE)


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return a parser's own commands by name."""
    found = [one.choices for one in parser._actions if isinstance(one.choices, dict)]  # noqa: SLF001 - argparse shows them to nobody
    return dict(found[0])


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    for one in parser._actions:  # noqa: SLF001 - as above
        yield from (name for name in one.option_strings if name.startswith("--") and name != "--help")


AGENT = commands(agent._parser())  # noqa: SLF001 - the agent has no other use for it
SERVE = commands(localcloud._parser())["serve"]  # noqa: SLF001 - as above


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_of_make_is_in_a_page(target: str) -> None:
    assert re.search(rf"\bmake {target}\b", code())


@pytest.mark.parametrize("command", sorted(AGENT))
def test_every_command_of_the_agent_is_in_the_page_on_hosts(command: str) -> None:
    assert re.search(rf"^\|[^|]*`{command}\b", PAGES["docs/hosts.md"], re.MULTILINE)


@pytest.mark.parametrize("option", sorted({name for one in AGENT.values() for name in options(one)}))
def test_every_option_of_the_agent_is_in_the_page_on_hosts(option: str) -> None:
    assert option in code("docs/hosts.md")


@pytest.mark.parametrize("option", sorted(options(SERVE)))
def test_every_option_of_the_local_cloud_is_in_its_pages(option: str) -> None:
    rows = [line for page in ("docs/localcloud.md", "docs/runtime.md") for line in PAGES[page].splitlines()]

    assert any(line.startswith("|") and f"`{option}" in line.split(" | ")[0] for line in rows)


@pytest.mark.parametrize(
    ("page", "said"), [("docs/cli.md", app.__doc__ or ""), ("docs/hosts.md", agent.__doc__ or "")]
)
def test_the_exit_codes_of_a_command_are_those_of_its_page(page: str, said: str) -> None:
    codes = re.findall(r"\b(\d)(?::| [a-z])", said)

    assert len(codes) >= 4
    assert EXIT_CODE.findall(PAGES[page]) == codes


def test_the_pages_name_tests_as_their_evidence() -> None:
    assert len(NAMED_TESTS) > 30


def test_every_test_that_a_page_names_is_there() -> None:
    assert sorted(f"{page}: {name}" for page, name in NAMED_TESTS if name not in every_test()) == []


def agent_keys() -> set[str]:
    """Return the keys that the agent reads from its own and its plans' sections."""
    files = [ROOT / "agent/cbsnap_agent" / one for one in ("config.py", "plan.py")]
    files += (ROOT / "agent/cbsnap_agent/engines").glob("*.py")
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    named = set(re.findall(r'section\.take\(\s*"([\w.]+)"[,)]', text))
    return named | {f"command.{one}" for one in ("pre", "post")}


def test_every_key_of_the_agents_configuration_has_its_row_and_no_other() -> None:
    rows = [line.split("|")[1] for line in PAGES["docs/agent-ini.md"].splitlines() if line.startswith("| `")]

    assert {key for cell in rows for key in re.findall(r"`([\w.]+)`", cell)} == agent_keys()
