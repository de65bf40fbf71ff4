"""The HTTP API: what its start costs beyond importing its framework, and a long list beyond a bare route.

A start is a process that imports, and for the gateway answers `/healthz` through the function's handler.
The list is 1,000 snapshots in one answer, warm, in this process: a route of FastAPI that returns the same
body, the API with the cloud's rows at hand, and the API with ten signed calls to the local cloud.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbsnap.entry import asgi
from cbsnap.entry.http.app import application
from cbsnap.wiring import Wiring
from fastapi import FastAPI

from bench import compiled
from bench.processes import ROOT, running
from bench.trials import Benchmark, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cbsnap.model.cloud import Disk, Snapshot
    from cbsnap.model.plan import Target

    from bench.trials import Sample, Side

ITEMS = 1000
TOKEN = "a bench's token"  # noqa: S105 - good for this process only
POLICIES = """version: 1
deployment: bench
targets: [{region: ap-guangzhou}]
policies:
  bench: {select: {all: true}, schedule: "0 2 * * *", keep: {last: 1}}
"""
FRAMEWORK = "import fastapi, pydantic"
GATEWAY = """import index
event = {"httpMethod": "GET", "path": "/healthz", "headers": {}}
assert index.main_handler(event, {"request_id": "1"})["statusCode"] == 200"""


@contextmanager
def _starts() -> Iterator[Mapping[str, Side]]:
    with tempfile.TemporaryDirectory(prefix="cbsnap-bench-") as temporary:
        folder = Path(temporary)
        core = compiled.copy(ROOT / "layers/cbsnap", folder / "core")
        function = compiled.copy(ROOT / "functions/gateway", folder / "gateway")
        path = f"{core}:{function}"
        yield {
            "FastAPI and pydantic": lambda: _run(FRAMEWORK, path),
            "gateway": lambda: _run(GATEWAY, path),
        }


def _run(program: str, path: str) -> Sample:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": path}, check=True)  # noqa: S603 - ours
    return {"start": (time.perf_counter() - began) * 1000}


@dataclass(frozen=True)
class _AtHand:
    """The port `Listing`, and the way to it, with rows that have been read before."""

    rows: list[Snapshot]

    def at(self, _: Target) -> _AtHand:
        return self

    def disk_rows(self, _: int) -> tuple[list[Disk], int]:
        return [], 0

    def snapshot_rows(self, offset: int, _: str | None = None) -> tuple[list[Snapshot], int]:
        return self.rows[offset : offset + 100], len(self.rows)


@contextmanager
def _lists() -> Iterator[Mapping[str, Side]]:
    with (
        tempfile.TemporaryDirectory(prefix="cbsnap-bench-") as temporary,
        _cloud(Path(temporary)) as environment,
    ):
        wiring, near = Wiring(environment), Wiring(environment)
        through_cloud = _caller(application(wiring), "/v1/snapshots", {"limit": str(ITEMS)})
        body = through_cloud()
        target = wiring.plan.targets[0]
        near.listings = _AtHand(wiring.clouds.at(target).snapshots())
        yield {
            "bare route": _timed(_caller(_bare(body), "/", {})),
            "cbsnap, the cloud's rows at hand": _timed(
                _caller(application(near), "/v1/snapshots", {"limit": str(ITEMS)})
            ),
            "cbsnap, ten calls to the local cloud": _timed(through_cloud),
        }


@contextmanager
def _cloud(folder: Path) -> Iterator[dict[str, str]]:
    """Start a local cloud with as many snapshots; yields the environment of an API on it."""
    ready, fleet, policies = folder / "ready.json", folder / "fleet.yml", folder / "policies.yml"
    disks = f"[{{id: disk-bench, count: {ITEMS // 20}, existing_snapshots: 20}}]"
    fleet.write_text(f"regions: {{ap-guangzhou: {{disks: {disks}}}}}\n", encoding="utf-8")
    policies.write_text(POLICIES, encoding="utf-8")
    command = [sys.executable, "-m", "localcloud", "serve", "--rate", "0"]
    command += ["--fleet", str(fleet), "--ready-file", str(ready)]
    with running(command, ROOT, folder / "cloud.log", ready.exists):
        found = json.loads(ready.read_text(encoding="utf-8"))
        yield {
            "CBSNAP_ENDPOINT": found["url"],
            "CBSNAP_POLICIES": str(policies),
            "CBSNAP_API_TOKENS": f"bench:read:{hashlib.sha256(TOKEN.encode()).hexdigest()}:9999-12-31",
            "TENCENTCLOUD_SECRETID": found["secret_id"],
            "TENCENTCLOUD_SECRETKEY": found["secret_key"],
        }


def _bare(body: Any) -> FastAPI:  # noqa: ANN401 - JSON
    app = FastAPI()

    @app.get("/")
    async def everything() -> Any:  # noqa: ANN401 - JSON
        return body

    return app


def _caller(app: FastAPI, path: str, query: dict[str, str]) -> Callable[[], Any]:
    """Return what calls a path as the function does; its result is the answer's body, of all items."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    event = {"httpMethod": "GET", "path": path, "headers": headers, "queryString": query}

    def call() -> Any:  # noqa: ANN401 - JSON
        body = json.loads(asgi.answer(app, event, "bench")["body"])
        if len(body["items"]) != ITEMS:
            raise RuntimeError(f"{path} answered with {len(body['items'])} items, not {ITEMS}")
        return body

    return call


def _timed(call: Callable[[], Any]) -> Side:
    def side() -> Sample:
        began = time.perf_counter()
        call()
        return {"latency": (time.perf_counter() - began) * 1000}

    return side


START = Benchmark(
    name="gateway-start",
    claim="the gateway's start to its first answer, against importing FastAPI and pydantic",
    trials=20,
    metrics=(Metric("start", "ms", "a process from its start to its end"),),
    plotted="start",
    sides=_starts,
)
LIST = Benchmark(
    name="gateway-list",
    claim="a list of 1,000 snapshots, against a bare FastAPI route that returns the same body",
    trials=30,
    metrics=(Metric("latency", "ms", "one warm request, from the event to the answer and its JSON read"),),
    plotted="latency",
    sides=_lists,
)
