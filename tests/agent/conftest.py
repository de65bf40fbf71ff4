"""Real agents: processes of their own, with real locks, spoken to over real connections."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.agent.driver import Agent, Client, Orders, create_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--agent-python", default=sys.executable, help="interpreter that runs the agent")


@pytest.fixture
def agent_python(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--agent-python", sys.executable))


@pytest.fixture
def start_agent(tmp_path: Path, agent_python: str) -> Iterator[Callable[..., Agent]]:
    """Start agents that end with the test."""
    agents: list[Agent] = []

    def start(plans: str, **changes: object) -> Agent:
        """Start one; `changes` replace its other fields."""
        fields = cast("dict[str, Any]", changes)
        agents.append(Agent(**{"folder": tmp_path, "python": agent_python, "plans": plans, **fields}))
        agents[-1].start()
        return agents[-1]

    yield start
    for agent in agents:
        agent.stop()


@pytest.fixture
def orders(tmp_path: Path) -> Orders:
    return create_orders(tmp_path / "data")


@pytest.fixture
def agent(start_agent: Callable[..., Agent], orders: Orders) -> Agent:
    """Start an agent with one plan, over the database of `orders`."""
    return start_agent(orders.plan())


@pytest.fixture
def client(agent: Agent) -> Client:
    return agent.client()
