"""The agent's footprint: from its start to its first answer, and what it then occupies.

The baseline is the standard library's `http.server`, which the agent is made of, with one page.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

from bench.processes import ROOT
from bench.trials import Benchmark, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.trials import Sample, Side

GIVE_UP_S = 30.0
BARE = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
CONFIGURATION = """[agent]
listen = 127.0.0.1:{port}
instance_id = ins-bench001
key_file = {folder}/keys
runtime_dir = {folder}/run
metadata = off
"""


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    """Yield the bare server and the agent, packed as it is installed."""
    with tempfile.TemporaryDirectory(prefix="cbsnap-bench-") as temporary:
        folder = Path(temporary)
        packed = folder / "cbsnap-agent.pyz"
        build = [sys.executable, str(ROOT / "agent/build.py"), str(packed)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
        keys = folder / "keys"
        keys.touch(mode=0o600)
        keys.write_text(f"1 {'0' * 64}\n")
        yield {
            "bare http.server": lambda: _started(["-c", BARE, "{port}"], folder),
            "agent": lambda: _started([str(packed), "serve", "--config", "{configuration}"], folder),
        }


def _started(command: list[str], folder: Path) -> Sample:
    """Start a server on a free port, and measure it at its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = folder / "agent.ini"
    configuration.write_text(CONFIGURATION.format(port=port, folder=folder))
    given = {"{port}": str(port), "{configuration}": str(configuration)}
    began = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, *(given.get(word, word) for word in command)], stderr=subprocess.DEVNULL
    )
    try:
        _first_answer(port)
        return {"answer": 1000 * (time.perf_counter() - began), "resident": _resident_mib(process.pid)}
    finally:
        process.terminate()
        process.wait()


def _first_answer(port: int) -> None:
    end = time.monotonic() + GIVE_UP_S
    while time.monotonic() < end:
        connection = HTTPConnection("127.0.0.1", port, timeout=GIVE_UP_S)
        try:
            connection.request("GET", "/v1/hello")
            json.loads(connection.getresponse().read())
        except ConnectionRefusedError:
            time.sleep(0.001)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"nothing answered on port {port}")


def _resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


BENCHMARK = Benchmark(
    name="agent",
    claim="the agent's start and memory, against the standard library's bare http.server",
    trials=20,
    metrics=(
        Metric("answer", "ms", "process start to the first answer"),
        Metric("resident", "MiB", "resident memory then"),
    ),
    plotted="answer",
    sides=sides,
)
