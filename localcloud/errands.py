"""Commands run on the local hosts: what the cloud's command channel does on a real instance.

Each instance has a folder of its own: its working directory and HOME. That is all that keeps a command apart
from this machine; it runs as whoever runs the local cloud, in a process group that ends with its time.
Nothing of this is kept over a restart.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

OUTPUT_BYTES = 24 * 1024  # what is kept of a command's output (SDK, TaskResult)


@dataclass(frozen=True)
class Command:
    """A shell script and how it is to be run; `shown` is the script without its secrets."""

    id: str
    name: str
    script: str
    shown: str
    timeout_s: int = 60
    folder: str = ""
    username: str = "root"
    takes_parameters: bool = False
    defaults: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Task:
    """One command on one instance. Moments are seconds of the cloud's clock."""

    id: str
    invocation: str
    command: Command
    instance: str
    created_s: float
    status: str = "PENDING"
    started_s: float | None = None
    ended_s: float | None = None
    exit_code: int = -1
    output: bytes = b""
    dropped_bytes: int = 0
    error: str = ""


@dataclass
class Errands:
    """The commands that were saved, and every task, by id."""

    commands: dict[str, Command] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, task: Task, home: Path, environment: Mapping[str, str], now: Callable[[], float]) -> None:
        """Run a task in the background, in an instance's folder."""
        self.tasks[task.id] = task
        running = asyncio.get_running_loop().create_task(_run(task, home, environment, now))
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """End what still runs, and forget everything."""
        for running in tuple(self._running):
            running.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self.commands.clear()
        self.tasks.clear()


async def _run(task: Task, home: Path, environment: Mapping[str, str], now: Callable[[], float]) -> None:
    task.started_s = now()
    try:
        process = await _started(task, home, environment)
    except OSError as error:
        task.status, task.error = "START_FAILED", f"{error.filename}: {error.strerror}"
    else:
        await _finished(task, process)
    task.ended_s = now()


async def _started(task: Task, home: Path, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        task.command.script,
        cwd=home / task.command.folder.lstrip("/"),
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home)} | dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    task.status = "RUNNING"
    return process


async def _finished(task: Task, process: asyncio.subprocess.Process) -> None:
    """Wait for the end, or make it: with its time, or with the server, the whole group ends."""
    status = "TERMINATED"
    try:
        await asyncio.wait_for(_read(task, process), task.command.timeout_s)
        task.exit_code = await process.wait()
        status = "FAILED" if task.exit_code else "SUCCESS"
    except asyncio.TimeoutError:
        status = "TIMEOUT"
    finally:
        _end_group(process.pid)
        await process.wait()
        task.status = status


async def _read(task: Task, process: asyncio.subprocess.Process) -> None:
    while process.stdout and (chunk := await process.stdout.read(65_536)):
        room = OUTPUT_BYTES - len(task.output)
        task.output += chunk[:room]
        task.dropped_bytes += len(chunk[room:])


def _end_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
