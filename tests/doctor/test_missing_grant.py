"""A right that is missing on a real MariaDB server: the doctor repeats the GRANT that the agent asks for."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from tests.system.conftest import mariadb, packed_agent

from .conftest import HOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.agent.driver import Agent
    from tests.system.servers import MariaDb

    from .conftest import Installation

__all__ = ["mariadb", "packed_agent"]

pytestmark = pytest.mark.root


@pytest.fixture
def plans(mariadb: MariaDb) -> str:
    mariadb.run("CREATE OR REPLACE USER weak@localhost; GRANT PROCESS ON *.* TO weak@localhost")
    return mariadb.plan(user="weak")


@pytest.fixture
def start_agent(start_agent: Callable[..., Agent], packed_agent: Path) -> Callable[..., Agent]:
    """Start the agent as a host has it, with what it needs for MariaDB inside."""
    return functools.partial(start_agent, program=(str(packed_agent),))


def test_a_missing_grant_is_told_as_it_has_to_be_typed(installation: Installation) -> None:
    code, found = installation.doctor()

    (ill,) = [one for one in found if one["health"] != "ok"]
    assert (code, ill["check"], ill["subject"]) == (2, "plan", f"orders on {HOST}")
    assert ill["said"] == "GRANT RELOAD, BINLOG MONITOR ON *.* TO 'weak'@'localhost'"
