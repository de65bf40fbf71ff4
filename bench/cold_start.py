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
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbsnap import wire
from cbsnap.model import Batch, Group, Run

from bench.project import FLOOR, deployed
from bench.runtime import REGION, Runtime, cloud
from bench.trials import Benchmark, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.trials import Side

TOKEN = "a bench's token"  # noqa: S105 - good for the cloud of this run only
POLICIES = """version: 1
deployment: bench
time_zone: UTC
targets: [{region: ap-guangzhou}]
policies:
  bench:
    select: {disks: [disk-rolling1]}
    schedule: "* * * * *"
    keep: {last: 1}
"""


@dataclass(frozen=True)
class Call:
    """A function's event, and whether the result shows that the work was really done."""

    event: Callable[[], Mapping[str, Any]]
    done: Callable[[Any], bool]


def _tick() -> Mapping[str, Any]:
    return {"Type": "Timer", "TriggerName": "cbsnap-tick", "Time": f"{_now():%Y-%m-%dT%H:%M:00Z}"}


def _batch() -> Mapping[str, Any]:
    run = Run("bench", _now().replace(second=0, microsecond=0), key="cold-start")
    group = Group("disk-spare001", ("disk-spare001",))
    batch = Batch(run, REGION, "bench", (group,), not_after=_now() + timedelta(hours=1))
    event: Mapping[str, Any] = json.loads(wire.batch_text(batch))
    return event


def _listing() -> Mapping[str, Any]:
    return {
        "httpMethod": "GET",
        "path": "/v1/disks",
        "headers": {"authorization": f"Bearer {TOKEN}"},
        "queryString": {},
        "body": "",
    }


CALLS = {
    FLOOR: Call(dict, lambda result: result is None),
    "schedule": Call(_tick, lambda reports: _decisions(reports) == ["deferred"]),
    "snapshot": Call(_batch, lambda reports: _decisions(reports) == ["taken"]),
    "gateway": Call(_listing, lambda answer: bool(json.loads(answer["body"]).get("disks"))),
}


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    """Yield the floor and every function of serverless.yml."""
    with tempfile.TemporaryDirectory(prefix="cbsnap-bench-") as temporary:
        folder = Path(temporary)
        functions = deployed(folder)
        with cloud(folder, POLICIES, CBSNAP_API_TOKENS=hashlib.sha256(TOKEN.encode()).hexdigest()) as runtime:
            yield {key: _side(runtime, key, functions[key]["name"]) for key in functions}


def _side(runtime: Runtime, key: str, function: str) -> Side:
    call = CALLS[key]
    return lambda: runtime.first_call(function, call.event(), call.done)


def _decisions(reports: list[dict[str, Any]]) -> list[str]:
    return [outcome["decision"] for report in reports for outcome in report.get("outcomes", [])]


def _now() -> datetime:
    return datetime.now(timezone.utc)


BENCHMARK = Benchmark(
    name="cold-start",
    claim="a function's first call in a fresh process, against importing the SDK's CBS client and pydantic",
    trials=20,
    metrics=(
        Metric("total", "ms", "process start to the first call's return"),
        Metric("import", "ms", "… of it: interpreter and imports", compared=False),
        Metric("call", "ms", "… of it: the first call", compared=False),
        Metric("peak", "MiB", "peak resident memory"),
    ),
    plotted="total",
    sides=sides,
)
