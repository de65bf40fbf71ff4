"""A whole fleet: ten thousand disks on two thousand instances, from the timer to the last label.

The local cloud enforces its rates, one process stands in for all agents, the functions are real processes.
All that the rate decides is speeded up `SPEED` times, on both sides: the cloud's rate, the core's share of
it and the time between ticks. What a machine decides is not, so that start-up and slowness weigh as many
times more. Workers are forked from a warm parent: their imports are not in their CPU seconds.

A run of this length is its own warm-up: it is measured once, whatever the number of trials. The usual way
is measured on a few disks and scaled.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import yaml

from bench import standin, stretches
from bench.processes import ROOT, running
from bench.stretches import PREFIX, STRETCH_S
from bench.trials import Benchmark, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.trials import Sample, Side

DISKS, DISKS_EACH = int(os.environ.get("FLEET_DISKS", "10000")), 5
SPEED = int(os.environ.get("FLEET_SPEED", "2"))
RATE, SHARE = 20, 10  # CreateSnapshot's documented rate (362/15648), and the core's share of it
TICK_S = 300
USUAL_DISKS = 10
SNAPSHOT_S = 30
MEMORY_MB = {"cbsnap-schedule": 512, "cbsnap-snapshot": 256, "usual": 128}  # as serverless.yml has it
# Of a GB-second, without any free tier: SCF's price list in the vendor's documents
# (github.com/tencentyun/qcloud-documents, its folder of the purchase guide, 产品定价.md).
PRICE_CNY = 0.00011108
OURS = "cbsnap"
REGION = "ap-guangzhou"
LOOK_S = 5.0
STALLED_S = 120.0
CALL_S = 120.0
POLICIES = """version: 1
deployment: bench
time_zone: Etc/UTC
targets: [{{region: {region}}}]
agent: {{port: {port}}}
policies:
  fleet:
    select: {{tags: {{app: fleet}}}}
    group: instance
    schedule: "{due.minute} {due.hour} * * *"
    window: 2h
    quiesce: {{plan: standin}}
    keep: {{last: 1}}
"""
# What is speeded up in a copy of the core; each line must be there exactly once.
SPEEDED = {
    "rules/pacing.py": {
        r"^TICK = timedelta\(minutes=5\)": f"TICK = timedelta(seconds={TICK_S / SPEED})",
        r"^CREATES_PER_S = 10\.0": f"CREATES_PER_S = {float(SHARE * SPEED)}",
    },
}


@dataclass
class Fleet:
    """The running scenery. `due` is when the run is; calls are gathered while it goes on."""

    url: str
    due: datetime
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self) -> Sample:
        """Let the timer fire until every disk has been taken, and return the figures."""
        _sleep_until(self.due)
        began, ticks = time.monotonic(), 0
        seen, changed = 0, began
        while self._created() < DISKS and time.monotonic() < changed + STALLED_S:
            if time.monotonic() >= began + ticks * TICK_S / SPEED:
                self._post("timers/cbsnap-tick/fire")
                ticks += 1
            time.sleep(min(LOOK_S, began + ticks * TICK_S / SPEED - time.monotonic()))
            self._gather()
            if self._created() > seen:
                seen, changed = self._created(), time.monotonic()
        invocations = self._over()
        self._gather()
        _require_success(invocations)
        return self._figures(invocations)

    def usual(self) -> Sample:
        """Take a few disks the usual way, all at once; return the figures scaled to the fleet."""
        self.calls.clear()
        self._post("reset")
        for number in range(USUAL_DISKS):
            message = {"msgBody": f"disk-{number:08d}"}
            self._post("events/cmq/usual", message)
        invocations = self._over()
        self._gather()
        _require_success(invocations)
        scale = DISKS / USUAL_DISKS
        gb_s = scale * _gb_s(invocations)
        return {
            "calls": len(self.calls) / USUAL_DISKS,
            "cpu": scale * sum(map(_cpu_s, _pids(invocations))),
            "peak": max(one["memory_bytes"] for one in invocations) / 2**20,
            "gb_s": gb_s,
            "cost": _cost(gb_s),
        }

    def _figures(self, invocations: list[dict[str, Any]]) -> Sample:
        region = self._get("state")["regions"][0]
        snapshots = region["snapshots"].values()
        if {one["disk_id"] for one in snapshots} != set(region["disks"]) or len(snapshots) != DISKS:
            said = {line["reason"] for one in invocations for line in _outcomes(one) if line.get("reason")}
            raise RuntimeError(f"{len(snapshots)} snapshots of {DISKS} disks: {said}")
        proved = sum(one["tags"].get("cbsnap:label") == "application" for one in snapshots)
        taken_s = sorted(one["created_s"] - self.due.timestamp() for one in snapshots)
        workers = [one for one in invocations if one["function"] == "cbsnap-snapshot"]
        gb_s = SPEED * _gb_s(invocations)
        return {
            **_series(taken_s),
            "run": taken_s[-1],
            "most": taken_s[DISKS * 99 // 100 - 1],
            "proved": 100 * proved / DISKS,
            "calls": sum(one["service"] != "scf" for one in self.calls.values()) / DISKS,
            "busiest": _busiest_second(taken_s) / SPEED,
            "throttled": sum(one["code"] == "RequestLimitExceeded" for one in self.calls.values()),
            "cpu": sum(map(_cpu_s, _pids(invocations))),
            "peak": max(one["memory_bytes"] for one in workers) / 2**20,
            "workers": len(workers),
            "gb_s": gb_s,
            "cost": _cost(gb_s),
        }

    def _created(self) -> int:
        return sum(one["action"] == "CreateSnapshot" and not one["code"] for one in self.calls.values())

    def _gather(self) -> None:
        """Keep the calls since the last time: the local cloud shows the last ten thousand.

        What has no action is the opening of a connection.
        """
        shown = self._get("requests")["requests"]
        self.calls.update({one["request_id"]: one for one in shown if one.get("action")})

    def _over(self) -> list[dict[str, Any]]:
        while True:
            found: list[dict[str, Any]] = self._get("invocations")
            if all(one["state"] in ("succeeded", "failed", "dead") for one in found):
                return found
            time.sleep(1)

    def _get(self, what: str) -> Any:  # noqa: ANN401 - JSON
        answer = requests.get(f"{self.url}/_local/{what}", timeout=CALL_S)
        answer.raise_for_status()
        return answer.json()

    def _post(self, what: str, body: object = None) -> None:
        requests.post(f"{self.url}/_local/{what}", json=body, timeout=CALL_S).raise_for_status()


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    """Yield what the rate alone would take, ours, and the usual way scaled."""
    with _served() as fleet:
        yield {
            "the rate's bound": _bound,
            OURS: cache(fleet.run),
            "one invocation a disk": cache(fleet.usual),
        }


@contextmanager
def _served() -> Iterator[Fleet]:
    with tempfile.TemporaryDirectory(prefix="cbsnap-bench-") as temporary, ExitStack() as processes:
        folder, master = Path(temporary), secrets.token_hex(32)
        port = 21000 + secrets.randbelow(9000)
        ready = folder / "standin.ready"
        command = [sys.executable, str(ROOT / "bench/standin.py"), str(port), master, str(ready)]
        processes.enter_context(running(command, ROOT, folder / "standin.log", ready.exists))
        due = datetime.now(timezone.utc).replace(second=0, microsecond=0) + timedelta(minutes=2)
        _describe(folder, port, due)
        processes.enter_context(_cloud(folder, master))
        yield Fleet(json.loads((folder / "ready.json").read_text())["url"], due)


def _describe(folder: Path, port: int, due: datetime) -> None:
    """Write the fleet, the policies and the functions, with a core that is speeded up."""
    instances = [
        {"id": standin.instance_id(number), "ip": standin.address(number)}
        for number in range(DISKS // DISKS_EACH)
    ]
    disks = [
        {"id": disk, "instance": standin.instance_id(number), "tags": {"app": "fleet"}}
        for number in range(DISKS // DISKS_EACH)
        for disk in standin.disk_ids(number, DISKS_EACH)
    ]
    fleet = {"regions": {REGION: {"instances": instances, "disks": disks}}}
    (folder / "fleet.yml").write_text(json.dumps(fleet))
    (folder / "policies").mkdir()
    (folder / "policies/policies.yml").write_text(POLICIES.format(region=REGION, port=port, due=due))
    deployed = yaml.safe_load((ROOT / "serverless.yml").read_text())
    functions = deployed["inputs"]["functions"]
    kept = {key: functions[key] for key in ("schedule", "snapshot")}
    usual = {"name": "usual", "src": "./bench/usual", "memorySize": 128, "timeout": 900}
    kept["usual"] = usual | {"handler": "index.main_handler", "layers": kept["snapshot"]["layers"]}
    for function in kept.values():
        function["src"] = str(ROOT / function["src"])
    deployed["inputs"]["functions"] = kept
    deployed["inputs"]["triggers"] = [
        one for one in deployed["inputs"]["triggers"] if one["function"] == "schedule"
    ]
    (folder / "serverless.yml").write_text(yaml.safe_dump(deployed, sort_keys=False))
    _speed_up(shutil.copytree(ROOT / "layers/cbsnap/cbsnap", folder / "core/cbsnap"))


def _speed_up(package: Path) -> None:
    for module, changes in SPEEDED.items():
        text = (package / module).read_text()
        for pattern, replacement in changes.items():
            text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
            if count != 1:
                raise RuntimeError(f"{module}: {pattern} is there {count} times, not once")
        (package / module).write_text(text)


@contextmanager
def _cloud(folder: Path, master: str) -> Iterator[None]:
    command = [sys.executable, "-m", "localcloud", "serve", "--prefork", "--no-timers"]
    command += ["--ready-file", str(folder / "ready.json"), "--fleet", str(folder / "fleet.yml")]
    command += ["--rate", str(RATE * SPEED), "--snapshot-seconds", str(SNAPSHOT_S)]
    command += ["--functions", str(folder / "serverless.yml"), "--layer", f"cbsnap={folder / 'core'}"]
    command += ["--layer", f"cbsnap-policies={folder / 'policies'}"]
    command += ["--layer", f"cbsnap-deps={ROOT / 'layers/deps/build'}"]
    command += ["--env", "CBSNAP_ENDPOINT={url}"]
    log, ready = folder / "cloud.log", (folder / "ready.json").exists
    with running(command, ROOT, log, ready, CBSNAP_MASTER_KEY=master, CBSNAP_API_TOKENS=""):
        yield


def _outcomes(invocation: dict[str, Any]) -> list[dict[str, Any]]:
    return [outcome for report in invocation["result"] or [] for outcome in report["outcomes"]]


def _require_success(invocations: list[dict[str, Any]]) -> None:
    failed = [attempt["error"] for one in invocations for attempt in one["attempts"] if attempt["error"]]
    if failed:
        raise RuntimeError(f"a function failed: {failed[0]}")


def _bound() -> Sample:
    run_s = DISKS / (SHARE * SPEED)
    return {"run": run_s, "most": run_s * 0.99}


def _gb_s(invocations: list[dict[str, Any]]) -> float:
    return sum(float(one["duration_ms"]) / 1000 * MEMORY_MB[one["function"]] / 1024 for one in invocations)


def _series(moments_s: list[float]) -> Sample:
    """Return how many were made in each stretch of the run, as they would be without the speeding up."""
    in_each = Counter(int(at * SPEED) // STRETCH_S * STRETCH_S for at in moments_s)
    return {f"{PREFIX}{start}": in_each[start] for start in range(0, max(in_each) + 1, STRETCH_S)}


def _busiest_second(moments_s: list[float]) -> int:
    return max(bisect_left(moments_s, at + 1) - place for place, at in enumerate(moments_s))


def _pids(invocations: list[dict[str, Any]]) -> set[int]:
    return {attempt["pid"] for one in invocations for attempt in one["attempts"] if attempt["pid"]}


def _cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process that is still there: the runtime keeps idle instances."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _cost(gb_s: float) -> float:
    return 1000 * PRICE_CNY * gb_s / DISKS


def _sleep_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - datetime.now(timezone.utc)).total_seconds()))


BENCHMARK = Benchmark(
    name="fleet",
    claim=f"{DISKS:,} disks on {DISKS // DISKS_EACH:,} instances, rates speeded up {SPEED} times",
    trials=1,
    metrics=(
        Metric("run", "s", "due time to the last CreateSnapshot"),
        Metric("most", "s", "… to the CreateSnapshot of 99 in 100 disks"),
        Metric("proved", "%", "disks with a proved snapshot", compared=False, more_is_better=True),
        Metric("calls", "a disk", "calls of the API, labels included", compared=False),
        Metric("busiest", "/s", "most CreateSnapshot in a second, at the documented rate", compared=False),
        Metric("throttled", "", "throttled answers, each tried again", compared=False),
        Metric("workers", "", "invocations of the worker", compared=False),
        Metric("cpu", "s", "CPU of all functions", compared=False),
        Metric("peak", "MiB", "peak memory of a worker", compared=False),
        Metric("gb_s", "GB-s", "GB-seconds, at the documented rate", compared=False),
        Metric("cost", "CNY", "for 1,000 snapshots, at the list price of a GB-second", compared=False),
    ),
    plotted="run",
    sides=sides,
    picture=partial(stretches.svg, side=OURS, share=SHARE, documented=RATE),
)
