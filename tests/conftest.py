"""What all tests share: which of them run here, and how strict a run is."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

# A loaded machine makes an example slow; that says nothing of the code.
settings.register_profile("cbsnap", deadline=None)
settings.load_profile("cbsnap")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--root", action="store_true", help="run what needs root and real servers, too")
    parser.addoption("--no-skips", action="store_true", help="fail when a test that was to run is skipped")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs root unless it is asked for, and say so."""
    if config.getoption("--root") and os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root and real servers: sudo make test-all"))


class ByFolder(LoadScopeScheduling):  # type: ignore[misc]  # it ships no types
    """Hands a folder's tests to one process: they share servers, and some look back at what others did."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFolder:
    return ByFolder(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name what was skipped although nothing may be."""
    if config.getoption("--no-skips") and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line(
            "Skipped, and --no-skips was given: install what the reasons name", red=True
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that was to skip nothing and did."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if session.config.getoption("--no-skips") and skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
