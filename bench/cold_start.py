"""Cold starts: a fresh process, from nothing until a function's first call has returned.

Each function runs in the local cloud's runtime, without its warm parents, and does real work
through the SDK there: a tick that finds a due disk it cannot take now, a batch of one disk, a
listing of disks. So a call's time holds the local cloud's own answers too. Peak memory is the
process's own (VmHWM).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from cbsnap import wire
from cbsnap.clock import SystemClock
from cbsnap.model import Batch, Group, Run
from cbsnap.tencent.api import Api, EnvironmentCredentials

from bench.processes import ROOT, running
from bench.project import FLOOR, deployed
from bench.trials import Benchmark, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.trials import Sample, Side

REGION = "ap-guangzhou"
TOKEN = "a bench's token"  # noqa: S105 - good for the cloud of this run only
CALL_S = 60.0
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
    "gateway": Call(_listing, lambda answer: answer["statusCode"] == requests.codes.ok),
}


class Runtime:
    """The local cloud with our functions."""

    def __init__(self, ready: Mapping[str, str]) -> None:
        self._url = ready["url"]
        self._session = requests.Session()
        keys = {"TENCENTCLOUD_SECRETID": ready["secret_id"], "TENCENTCLOUD_SECRETKEY": ready["secret_key"]}
        self._api = Api(REGION, EnvironmentCredentials(keys), SystemClock(), self._url)

    def first_call(self, function: str, call: Call) -> Sample:
        """Call a function in a process of its own, in an untouched account; end the process."""
        self._session.post(f"{self._url}/_local/reset", timeout=CALL_S).raise_for_status()
        asked = {"FunctionName": function, "ClientContext": json.dumps(call.event())}
        result = self._api.call("scf", "Invoke", asked, CALL_S)["Result"]
        if result["ErrMsg"] or not call.done(json.loads(result["RetMsg"])):
            raise RuntimeError(f"{function} did not do its work: {result['ErrMsg'] or result['RetMsg']}")
        return self._measured(result["FunctionRequestId"])

    def _measured(self, request_id: str) -> Sample:
        where = f"{self._url}/_local/invocations"
        found = self._session.get(where, params={"request_id": request_id}, timeout=CALL_S).json()
        (attempt,) = found[0]["attempts"]
        if attempt["cold_start_ms"] is None:
            raise RuntimeError("the process had been there before")
        peak_mib = _peak_mib(attempt["pid"])
        os.killpg(attempt["pid"], signal.SIGKILL)
        return {
            "total": attempt["cold_start_ms"] + attempt["duration_ms"],
            "import": attempt["cold_start_ms"],
            "call": attempt["duration_ms"],
            "peak": peak_mib,
        }


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    """Yield the floor and every function of serverless.yml."""
    with tempfile.TemporaryDirectory(prefix="cbsnap-bench-") as temporary:
        folder = Path(temporary)
        functions = deployed(folder)
        with _cloud(folder) as runtime:
            yield {key: _side(runtime, key, functions[key]["name"]) for key in functions}


def _side(runtime: Runtime, key: str, function: str) -> Side:
    call = CALLS[key]
    return lambda: runtime.first_call(function, call)


@contextmanager
def _cloud(folder: Path) -> Iterator[Runtime]:
    policies, ready = folder / "policies", folder / "ready.json"
    policies.mkdir()
    (policies / "policies.yml").write_text(POLICIES, encoding="utf-8")
    command = [sys.executable, "-m", "localcloud", "serve", "--ready-file", str(ready), "--no-timers"]
    command += ["--functions", str(folder / "serverless.yml"), "--layer", f"cbsnap-policies={policies}"]
    command += ["--env", "CBSNAP_ENDPOINT={url}"]
    variables = {
        "CBSNAP_MASTER_KEY": "0" * 64,
        "CBSNAP_API_TOKENS": hashlib.sha256(TOKEN.encode()).hexdigest(),
    }
    with running(command, ROOT, folder / "cloud.log", ready.exists, **variables):
        yield Runtime(json.loads(ready.read_text(encoding="utf-8")))


def _decisions(reports: list[dict[str, Any]]) -> list[str]:
    return [outcome["decision"] for report in reports for outcome in report.get("outcomes", [])]


def _peak_mib(pid: int) -> float:
    """Return a process's peak of resident memory since its program was started."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"process {pid} has no memory any more")
    return int(found[1]) / 1024


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
