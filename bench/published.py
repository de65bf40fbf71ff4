"""The window as published samples open it: client commands one after the other, on a real server and disk.

MariaDB under eight writers on ext4, held three ways: by the agent through the core's bracket; by commands,
each a process of its own but for the client that keeps the lock (a sample whose client ends before the
snapshot holds nothing), with `sync` of the whole machine inside the lock; and by one process that does only
what must be done, the floor. CreateSnapshot is answered at once and is in nobody's time. Writers wait from
the moment in which the lock is asked for, so the clock starts there, for all. As root.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cbsnap.clock import SystemClock
from cbsnap.hosts.agent import Agent

from bench import bare, window
from bench.host import DISK, PLAN, free_port, listens
from bench.processes import ROOT, running
from bench.trials import Benchmark, Metric, Unavailable
from tests.agent.driver import eventually
from tests.system import trial
from tests.system.loops import Loop, missing
from tests.system.servers import MariaDb, served_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bench.trials import Sample, Side

TOOLS = ("mariadbd", "mariadb", "mariadb-install-db", "losetup", "mkfs.ext4", "fsfreeze", "sync")
DISK_MIB = 2048
ROWS = 200  # written before each trial
CONFIGURATION = """[agent]
listen = 127.0.0.1:{port}
instance_id = ins-bench001
key_file = {folder}/keys
runtime_dir = {folder}/run
metadata = off

[plan:{plan}]
steps = mysql sync freeze
mysql.socket = {socket}
mysql.user = root
disks = {mount}={disk}
"""


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    """Yield the floor, the published way and ours. Raises Unavailable without root or a tool."""
    lacking = missing(*TOOLS)
    if os.geteuid() != 0 or lacking:
        raise Unavailable(f"needs root and {', '.join(lacking or TOOLS)}")
    with ExitStack() as undo:
        folder = served_folder("mysql")
        undo.callback(shutil.rmtree, folder)
        loop = Loop(folder / "disk.img", folder / "disk", "ext4", DISK_MIB).make()
        undo.callback(loop.remove)
        undo.callback(loop.thaw)
        packed = folder / "cbsnap-agent.pyz"
        build = [sys.executable, str(ROOT / "agent/build.py"), str(packed)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
        server = _busy_server(loop, packed, undo)
        agent = _agent(folder, loop, server, packed, undo)
        clock = SystemClock()
        yield {
            "one process": _when_dirty(server, lambda: _one_process(server, loop, packed)),
            "client commands": _when_dirty(server, lambda: _commands(server, loop)),
            "cbsnap": _when_dirty(server, lambda: _ours(agent, clock)),
        }


def _busy_server(loop: Loop, packed: Path, undo: ExitStack) -> MariaDb:
    (loop.mount / "files").mkdir()
    server = MariaDb(loop.mount.parent, loop.mount / "mysql").install().start().open_shop()
    undo.callback(server.process.wait)
    undo.callback(server.process.kill)
    trial.create_tables(server)
    writer = trial.start_writer(server, loop.mount / "files", packed)
    undo.callback(writer.wait)
    undo.callback(writer.kill)
    _dirtied(server)
    return server


def _agent(folder: Path, loop: Loop, server: MariaDb, packed: Path, undo: ExitStack) -> Agent:
    key, port = secrets.token_bytes(32), free_port()
    home = folder / "agent"
    home.mkdir()
    (home / "keys").touch(mode=0o600)
    (home / "keys").write_text(f"1 {key.hex()}\n")
    (home / "agent.ini").write_text(
        CONFIGURATION.format(
            port=port,
            folder=home,
            plan=PLAN,
            socket=server.socket,
            mount=loop.mount,
            disk=DISK,
        )
    )
    command = [sys.executable, str(packed), "serve", "--config", str(home / "agent.ini")]
    address = ("127.0.0.1", port)
    undo.enter_context(running(command, ROOT, home / "log", lambda: listens(address)))
    return Agent(address, key, SystemClock())


def _when_dirty(server: MariaDb, side: Side) -> Side:
    """Return a side that waits until so much has been written anew: the one before has left a clean disk."""

    def run() -> Sample:
        _dirtied(server)
        return side()

    return run


def _dirtied(server: MariaDb) -> None:
    enough = _rows(server) + ROWS
    eventually(lambda: _rows(server) > enough, within_s=60)


def _rows(server: MariaDb) -> int:
    return int(server.run("SELECT COUNT(*) FROM shop.t_innodb"))


def _ours(agent: Agent, clock: SystemClock) -> Sample:
    split = window.ours(agent, clock)
    parts = {"hold": split["sync"] + split["freeze"], "let_go": split["thaw"]}
    return {**parts, **{name: split[name] for name in ("locked", "lock", "mark", "wire")}}


def _one_process(server: MariaDb, loop: Loop, packed: Path) -> Sample:
    """Lock, sync and freeze, and undo it at once, over a connection that is open already."""
    connection = _connection(server, packed)
    mount = os.open(loop.mount, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with connection.cursor() as session:
            began = time.perf_counter()
            session.execute("FLUSH TABLES WITH READ LOCK")
            locked = time.perf_counter()
            bare.sync(mount)
            loop.freeze()
            frozen = time.perf_counter()
            loop.thaw()
            session.execute("UNLOCK TABLES")
            return _sample(began, locked, frozen, time.perf_counter())
    finally:
        os.close(mount)
        connection.close()


def _connection(server: MariaDb, packed: Path) -> Any:  # noqa: ANN401 - the packed agent's own client
    if str(packed) not in sys.path:
        sys.path.insert(0, str(packed))
    return import_module("pymysql").connect(unix_socket=str(server.socket), user="root", ssl_disabled=True)


def _commands(server: MariaDb, loop: Loop) -> Sample:
    """Do the same by commands: a client that stays, sync, fsfreeze, fsfreeze, the client again."""
    client = subprocess.Popen(  # noqa: S603 - the server's own client
        server.client("--unbuffered"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        _says(client, "SELECT 'connected'")
        began = time.perf_counter()
        _says(client, "FLUSH TABLES WITH READ LOCK; SELECT 'locked'")
        locked = time.perf_counter()
        subprocess.run(["sync"], check=True)  # noqa: S607 - found before
        subprocess.run(["fsfreeze", "--freeze", str(loop.mount)], check=True)  # noqa: S603, S607 - the same
        frozen = time.perf_counter()
        subprocess.run(["fsfreeze", "--unfreeze", str(loop.mount)], check=True)  # noqa: S603, S607 - the same
        _says(client, "UNLOCK TABLES; SELECT 'unlocked'")
        return _sample(began, locked, frozen, time.perf_counter())
    finally:
        loop.thaw()
        client.communicate(timeout=20)


def _says(client: subprocess.Popen[str], statements: str) -> None:
    """Have a client run statements, the last of which answers with a line."""
    if client.stdin is None or client.stdout is None:
        raise RuntimeError("the client has no pipes")
    client.stdin.write(statements + ";\n")
    client.stdin.flush()
    if not client.stdout.readline():
        raise RuntimeError(f"the client did not answer to {statements}")


def _sample(began: float, locked: float, frozen: float, ended: float) -> Sample:
    return {
        "locked": 1000 * (ended - began),
        "lock": 1000 * (locked - began),
        "hold": 1000 * (frozen - locked),
        "let_go": 1000 * (ended - frozen),
    }


BENCHMARK = Benchmark(
    name="window-published",
    claim="how long MariaDB's writers are kept out, against published samples' commands",
    trials=20,
    metrics=(
        Metric("locked", "ms", "writers are kept out, from asking for the lock"),
        Metric("lock", "ms", "… of it: the lock", compared=False),
        Metric("hold", "ms", "… of it: sync and freeze", compared=False),
        Metric("let_go", "ms", "… of it: thaw and unlock", compared=False),
        Metric("mark", "ms", "… of it: position and marker", compared=False),
        Metric("wire", "ms", "… of it: HTTP, signatures, the function, unlocking", compared=False),
    ),
    plotted="locked",
    sides=sides,
)
