"""Which commands of the pages are not run as they stand there, why, and where else they are.

Each is a pattern for the whole command, the reason, and its evidence: a test, as `file::name`, or a line
of the script that CI runs.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

from .pages import ROOT


@dataclass(frozen=True)
class Elsewhere:
    """A command that another test runs."""

    command: str
    reason: str
    evidence: str

    def fits(self, command: str) -> bool:
        return re.fullmatch(self.command, command.partition("  #")[0].strip()) is not None


TAKES_LONG = "takes minutes"
ELSEWHERE = (
    Elsewhere("make run", TAKES_LONG, ".ci/run: make -C .* run"),
    Elsewhere(
        "make up",
        "stays",
        "tests/console/test_up.py::test_make_up_prints_an_address_and_a_token_that_open_a_console_with_a_history",
    ),
    Elsewhere("make check", TAKES_LONG, ".ci/run: make check"),
    Elsewhere("make test|sudo make test-all", "is what runs this", ".ci/run: make test"),
    Elsewhere(
        "python -m tests.upkeep.years .*",
        "takes an hour",
        "tests/upkeep/test_years.py::test_every_day_of_two_years_ends_as_the_slow_model_says",
    ),
    Elsewhere("make prove.*", "needs root", "tests/prove/test_prove.py::"),
    Elsewhere("make package", TAKES_LONG, "tests/release/test_packages.py::"),
    Elsewhere(
        "sudo (python3 cbsnap-agent.pyz (install|check)|systemctl) .*",
        "wants a host with a service manager",
        "tests/system/test_install.py::test_a_freezing_plan_needs_no_root",
    ),
    Elsewhere(
        "python -m release.rights",
        "writes into the checkout",
        "tests/functions/test_rights.py::test_what_is_published_is_what_the_table_says",
    ),
    Elsewhere(
        "CBSNAP_MASTER_KEY=… cbsnap doctor --calibrate disk-11111111",
        "needs root",
        "tests/upkeep/test_calibrate_real.py::test_the_command_asks_measures_and_says_what_to_write",
    ),
    Elsewhere(
        "cbsnap hosts .*",
        "wants hosts that are root's to change",
        "tests/system/test_keeping.py::test_a_host_is_enrolled_rekeyed_upgraded_and_left_as_it_was",
    ),
    Elsewhere(
        "cbsnap (deploy|destroy).*",
        "wants a cloud with nothing deployed, and packages",
        "tests/deploy/test_protected.py::test_from_a_checkout_to_protected_disks_and_back",
    ),
    Elsewhere("make agent", "a test builds it", "tests/system/test_install.py::"),
)
EXITS = {
    "cbsnap coverage --check": {0, 1, 2},  # what a monitor goes by
    "cbsnap doctor": {0, 1, 2, 3},  # the same
}
NOT_CONFIRMED = 4  # nobody sits there: it is run as far as its question


def exits(command: str) -> set[int]:
    """Return the codes with which a command may end here."""
    return EXITS.get(command, {0, NOT_CONFIRMED} if command.startswith("cbsnap ") else {0})


@cache
def every_test() -> frozenset[str]:
    """Return every test of this repository, as `file::name`."""
    return frozenset(
        f"{file.relative_to(ROOT).as_posix()}::{node.name}"
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def there_is(evidence: str) -> bool:
    """Tell whether the evidence exists; a file's `::` alone means any of its tests."""
    if evidence.startswith(".ci/run: "):
        return (
            re.search(evidence.partition(": ")[2], (ROOT / ".ci/run").read_text(encoding="utf-8")) is not None
        )
    return evidence in every_test() or (
        evidence.endswith("::") and any(one.startswith(evidence) for one in every_test())
    )
