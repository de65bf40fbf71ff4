"""Instances without a server: what cannot be waited for through one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from localcloud.accounts import Account
from localcloud.clock import Clock
from localcloud.runtime.attempt import Attempt
from localcloud.runtime.function import Function, Key
from localcloud.runtime.instances import Instances
from localcloud.runtime.pool import Work
from localcloud.runtime.settings import Settings
from tests.localcloud.runtime.conftest import alive, eventually

if TYPE_CHECKING:
    from pathlib import Path

WORK = Work({}, {}, {})
CODE = "import time\ndef main_handler(event, context):\n    time.sleep(600)\n"


@pytest.fixture
def function(tmp_path: Path) -> Function:
    """Return a function that waits for ever."""
    (tmp_path / "index.py").write_text(CODE)
    return Function(Key("1", "r", "default", "f"), "index.main_handler", tmp_path, time_limit_s=900)


async def started(instances: Instances, function: Function, attempt: Attempt) -> asyncio.Task[None]:
    """Give an event to the function, and wait until a process has it."""
    running = asyncio.create_task(instances.run(function, attempt, WORK, {}))
    while attempt.cold_start_ms is None:  # noqa: ASYNC110  # the attempt is filled in as it goes
        await asyncio.sleep(0.005)
    return running


@pytest.mark.parametrize("prefork", [True, False])
def test_a_start_that_takes_too_long_is_ended(function: Function, *, prefork: bool) -> None:
    function, attempt = replace(function, init_limit_s=0), Attempt(0.0, "$LATEST")

    async def trial() -> None:
        instances = Instances(Clock(), Settings(prefork=prefork))
        instances.prepare(function, Account(), [])
        await instances.run(function, attempt, WORK, {})
        await instances.close()

    asyncio.run(trial())

    assert attempt.failure is not None
    assert attempt.failure.status == 450
    assert attempt.pid is not None
    eventually(lambda: not alive(attempt.pid or 0))


@pytest.mark.parametrize("prefork", [True, False])
def test_an_event_that_is_given_up_ends_its_instance(function: Function, *, prefork: bool) -> None:
    attempt = Attempt(0.0, "$LATEST")

    async def trial() -> None:
        instances = Instances(Clock(), Settings(prefork=prefork))
        instances.prepare(function, Account(), [])
        running = await started(instances, function, attempt)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert instances.state()[0]["busy"] == []
        await instances.close()

    asyncio.run(trial())

    assert attempt.pid is not None
    assert not alive(attempt.pid)
