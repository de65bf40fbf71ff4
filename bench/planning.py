"""Planning: a tick of the schedule over a large account, in a process of its own.

The rows come page by page, as JSON, through the core's own adapter; what a network and the API's rate would
add is not in it (1,000 pages at the documented 100 a second are 10 s, 362/15634). The latter half of the
disks carries this run's snapshot already; of the others the first are handed out.

Run by itself: `python -m bench.planning DISKS`; prints seconds, CPU seconds and peak memory as JSON.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cbsnap import wire
from cbsnap.clock import SystemClock
from cbsnap.jobs import plan as planning
from cbsnap.model.plan import Plan, Target
from cbsnap.model.policies import Grouping, Keep, Policy, Quiesce, Selection
from cbsnap.tencent.region import Region

from bench.processes import ROOT
from bench.trials import Benchmark, Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cbsnap.model.runs import Batch

    from bench.trials import Sample, Side

DISKS, FEW = 100_000, 10_000
DISKS_EACH = 5
EVENT_BYTES = 128 * 1024
SHANGHAI = timezone(timedelta(hours=8))


class Account:
    """Answers reads with the pages of an account, as `tencent.api.Api` would; every row goes through JSON."""

    def __init__(self, disks: int, due: datetime) -> None:
        self.region = "ap-guangzhou"
        self._disks, self._due = disks, due

    def read(self, _service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return one page, or the overview."""
        if action == "DescribeSnapshotOverview":
            return {"TotalNums": self._disks // 2, "TotalSize": 0.0, "FreeQuota": 0.0}
        if "Filters" in params:
            return {"TotalCount": 0}  # nothing is being made
        field, total, row = {
            "DescribeDisks": ("DiskSet", self._disks, self._disk),
            "DescribeSnapshots": ("SnapshotSet", self._disks // 2, self._snapshot),
        }[action]
        numbers = range(params["Offset"], min(total, params["Offset"] + params["Limit"]))
        page: dict[str, Any] = json.loads(
            json.dumps({"TotalCount": total, field: [row(one) for one in numbers]})
        )
        return page

    def _disk(self, number: int) -> dict[str, Any]:
        return {
            "DiskId": f"disk-{number:08d}",
            "DiskName": "data",
            "DiskUsage": "DATA_DISK",
            "DiskState": "ATTACHED",
            "DiskSize": 100,
            "Placement": {"Zone": "ap-guangzhou-6"},
            "InstanceId": f"ins-{number // DISKS_EACH:08d}",
            "SnapshotAbility": True,
            "SnapshotCount": 7,
            "Tags": [{"Key": "app", "Value": "fleet"}],
        }

    def _snapshot(self, place: int) -> dict[str, Any]:
        number = self._disks - 1 - place
        made = (self._due + timedelta(seconds=1)).astimezone(SHANGHAI)
        return {
            "SnapshotId": f"snap-{number:08d}",
            "SnapshotName": f"fleet.{self._due:%Y%m%dT%H%MZ}.{number:08d}",
            "DiskId": f"disk-{number:08d}",
            "SnapshotState": "NORMAL",
            "Percent": 100,
            "CreateTime": f"{made:%Y-%m-%d %H:%M:%S}",
            "DiskSize": 100,
            "DiskUsage": "DATA_DISK",
            "Tags": [{"Key": "cbsnap:deployment", "Value": "bench"}],
        }


class Clouds:
    """The port: one account, one region."""

    def __init__(self, account: Account) -> None:
        self._region = Region(account)  # type: ignore[arg-type]  # all that it is asked for is `read`

    def at(self, _target: Target) -> Region:
        """Return the region."""
        return self._region


class Invocations:
    """The port `Workers`: each batch is made into its event, and must fit into one."""

    def __init__(self) -> None:
        self.largest_bytes = 0

    def dispatch(self, batch: Batch) -> str:
        """Weigh a batch."""
        self.largest_bytes = max(self.largest_bytes, len(wire.batch_text(batch).encode()))
        return "request"


def tick(disks: int) -> Sample:
    """Plan once in this process; raises RuntimeError when an event would be too large."""
    now = datetime.now(timezone.utc)
    due = now.replace(second=0, microsecond=0)
    policy = Policy(
        name="fleet",
        select=Selection(tags={"app": frozenset({"fleet"})}),
        schedule=f"{due.minute} {due.hour} * * *",
        time_zone="Etc/UTC",
        window=timedelta(hours=12),
        keep=Keep(last=1),
        group=Grouping.INSTANCE,
        quiesce=Quiesce("mysql"),
    )
    plan = Plan("bench", (Target("ap-guangzhou"),), (policy,))
    workers, began, cpu = Invocations(), time.monotonic(), time.process_time()
    (report,) = planning.tick(plan, Clouds(Account(disks, due)), workers, SystemClock())
    wire.reports([report])
    took = {"time": time.monotonic() - began, "cpu": time.process_time() - cpu}
    if report.error or len(report.outcomes) != disks or not 0 < workers.largest_bytes <= EVENT_BYTES:
        raise RuntimeError(f"{len(report.outcomes)} outcomes, {workers.largest_bytes} bytes: {report.error}")
    return {**took, "peak": _peak_mib(), "event": workers.largest_bytes / 1024}


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    """Yield a tick over some disks and one over ten times as many."""
    yield {f"{disks:,} disks": partial(_apart, disks) for disks in (FEW, DISKS)}


def _apart(disks: int) -> Sample:
    command = [sys.executable, "-m", "bench.planning", str(disks)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    sample: Sample = json.loads(done.stdout)
    return sample


def _peak_mib() -> float:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


BENCHMARK = Benchmark(
    name="planning",
    claim="a tick of the schedule, from the account's pages to batches and report",
    trials=3,
    metrics=(
        Metric("time", "s", "time"),
        Metric("cpu", "s", "CPU seconds"),
        Metric("peak", "MiB", "peak memory"),
        Metric("event", "KiB", "the largest event"),
    ),
    plotted="time",
    sides=sides,
)

if __name__ == "__main__":
    sys.stdout.write(json.dumps(tick(int(sys.argv[1]))))
