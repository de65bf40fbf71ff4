"""Cold starts: a fresh process, from nothing until a function's first call has returned.

Decides what each function is called with, and what shows that it did its work: a tick finds a due
disk that it cannot take now, a batch of one disk is taken, disks are listed. `runtime` measures. A
call's time holds the local cloud's own answers too.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.project import FLOOR, deployed
from bench.runtime import Runtime, cloud
from bench.trials import Benchmark, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.trials import Side

TOKEN = "a bench's token"  # noqa: S105 - good for the cloud of this run only
TOKENS = f"bench:admin:{hashlib.sha256(TOKEN.encode()).hexdigest()}:9999-12-31"
POLICIES = """version: 1
deployment: bench
time_zone: UTC
targets: [{region: ap-guangzhou}]
policies:
  bench:
    select: {disks: [disk-rolling1]}
    schedule: "* * * * *"
    keep: {last: 1}
events:
  bench: {match: {type: "cvm:ErrorEvent:*"}, disks: subject}
"""


@dataclass(frozen=True)
class Call:
    """What a function is called with, and whether its result shows that the work was really done."""

    event: Callable[[Runtime], Mapping[str, Any]]
    done: Callable[[Any], bool]


def _nothing(_: Runtime) -> Mapping[str, Any]:
    return {}


def _tick(_: Runtime) -> Mapping[str, Any]:
    return {"Type": "Timer", "TriggerName": "cbsnap-tick", "Time": "2026-11-22T02:00:00Z", "Message": ""}


def _batch(runtime: Runtime) -> Mapping[str, Any]:
    """Return a batch as the gateway makes it of a request, since a batch is fresh for minutes only."""
    request = _http("POST", "/v1/snapshots", {"disk_ids": ["disk-spare001"]})
    return runtime.handed_on("cbsnap-gateway", request, "cbsnap-snapshot")


def _listing(_: Runtime) -> Mapping[str, Any]:
    return _http("GET", "/v1/disks")


def _event(_: Runtime) -> Mapping[str, Any]:
    """Return what the event bus would tell of a disk that cannot be taken now."""
    return {
        "id": "bench",
        "source": "cvm.cloud.tencent",
        "type": "cvm:ErrorEvent:bench",
        "subject": "disk-rolling1",
    }


def _http(method: str, path: str, body: object = None) -> Mapping[str, Any]:
    """Return a function URL's event (583/96099)."""
    return {
        "httpMethod": method,
        "path": path,
        "headers": {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
        "queryString": {},
        "body": "" if body is None else json.dumps(body),
    }


CALLS = {
    FLOOR: Call(_nothing, lambda result: result is None),
    "schedule": Call(_tick, lambda reports: _decisions(reports) == ["deferred"]),
    "snapshot": Call(_batch, lambda reports: _decisions(reports) == ["taken"]),
    "maintain": Call(_tick, lambda regions: bool(regions) and not any("error" in one for one in regions)),
    "events": Call(_event, lambda reactions: _decisions(reactions[0]["reports"]) == ["deferred"]),
    "gateway": Call(_listing, lambda answer: bool(json.loads(answer["body"]).get("items"))),
}


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    """Yield the floor and every function of serverless.yml."""
    with tempfile.TemporaryDirectory(prefix="cbsnap-bench-") as temporary:
        folder = Path(temporary)
        functions = deployed(folder)
        with cloud(folder, POLICIES, CBSNAP_API_TOKENS=TOKENS) as runtime:
            yield {key: first_call(runtime, key, functions[key]["name"]) for key in functions}


def first_call(runtime: Runtime, key: str, function: str) -> Side:
    """Return what calls a deployed function, in the way of the one that `key` stands for."""
    call = CALLS[key]
    return lambda: runtime.first_call(function, call.event(runtime), call.done)


def _decisions(reports: list[dict[str, Any]]) -> list[str]:
    return [outcome["decision"] for report in reports for outcome in report.get("outcomes", [])]


METRICS = (
    Metric("total", "ms", "process start to the first call's return"),
    Metric("import", "ms", "… of it: interpreter and imports", compared=False),
    Metric("call", "ms", "… of it: the first call", compared=False),
    Metric("peak", "MiB", "peak resident memory"),
)
BENCHMARK = Benchmark(
    name="cold-start",
    claim="a function's first call in a fresh process, against importing the SDK's CBS client and pydantic",
    trials=20,
    metrics=METRICS,
    plotted="total",
    sides=sides,
)
