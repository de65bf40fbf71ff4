"""Retention: what stays of a million snapshots, against rotate-backups from PyPI on a tenth of them.

Both get the same rules, daily to yearly, in UTC, the newest of each preferred and not strict, and their own
kind of object for each snapshot, made before the clock starts: fifty snapshots a disk, minutes to weeks apart
and none around New Year, which rotate-backups puts into a week of the wrong year. Their answers
over the smaller number are compared before anything is measured. Ours also tells the reason for each.

Run by itself: `python -m bench.retention SIDE SNAPSHOTS`; prints microseconds a snapshot and memory as JSON.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from functools import partial
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING, Any

from cbsnap.model.cloud import Snapshot
from cbsnap.model.labels import Label
from cbsnap.model.policies import Keep
from cbsnap.rules.names import SnapshotName
from cbsnap.rules.ours import Ours
from cbsnap.rules.retention import Terms, judged

from bench.processes import ROOT, peak_mib
from bench.trials import Benchmark, Metric, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bench.trials import Sample, Side

SNAPSHOTS, FEW = 1_000_000, 100_000
EACH = 50
RULES = Keep(daily=7, weekly=4, monthly=6, yearly=2)
NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)
THEIRS, OURS = "rotate-backups", "cbsnap"


def made(snapshots: int) -> Iterator[tuple[str, list[datetime]]]:
    """Yield each disk with the times of its snapshots, the same ones for every side."""
    chance = Random(7)  # noqa: S311 - the same for all
    for number in range(snapshots // EACH):
        due, times = NOW, list[datetime]()
        while len(times) < EACH:
            due -= timedelta(minutes=chance.randrange(1, 20_000))
            times += [] if _around_new_year(due) else [due]
        yield f"disk-{number:06d}", times


def _around_new_year(due: datetime) -> bool:
    return (due.month, due.day) >= (12, 25) or (due.month, due.day) <= (1, 7)


def decided_by_us(snapshots: int) -> tuple[float, set[str]]:
    """Return the seconds that deciding took, and which stay."""
    mine = [_ours(disk_id, due) for disk_id, times in made(snapshots) for due in times]
    terms = Terms(RULES, "UTC", Label.APPLICATION)
    gc.freeze()
    began = time.perf_counter()
    verdicts = judged(mine, terms, NOW, {})
    took_s = time.perf_counter() - began
    return took_s, {verdict.of.snapshot.id for verdict in verdicts if verdict.stays}


def _ours(disk_id: str, due: datetime) -> Ours:
    snapshot = Snapshot(_id(disk_id, due), "ap-guangzhou", "", disk_id, "NORMAL", 100, due, 100)
    return Ours(snapshot, SnapshotName("nightly", due, disk_id), Label.APPLICATION)


def decided_by_them(snapshots: int) -> tuple[float, set[str]]:
    """Return the same of rotate-backups, by the steps of its own `rotate_backups`, a directory for a disk."""
    theirs: Any = import_module("rotate_backups")  # no types, and not there on every Python
    rules = {rule: count for rule, count in asdict(RULES).items() if count}
    scheme = theirs.RotateBackups(rules, prefer_recent=True, strict=False)
    disks = [
        [theirs.Backup(pathname=_id(disk_id, due), timestamp=due) for due in times]
        for disk_id, times in made(snapshots)
    ]
    gc.freeze()
    began = time.perf_counter()
    preserved = [_preserved(scheme, sorted(backups)) for backups in disks]
    took_s = time.perf_counter() - began
    return took_s, {backup.pathname for some in preserved for backup in some}


def _preserved(scheme: Any, backups: list[Any]) -> Iterable[Any]:  # noqa: ANN401 - it has no types
    grouped = scheme.group_backups(backups)
    scheme.apply_rotation_scheme(grouped, backups[-1].timestamp)
    found: Iterable[Any] = scheme.find_preservation_criteria(grouped)
    return found


def _id(disk_id: str, due: datetime) -> str:
    return f"{disk_id}@{due:%Y%m%dT%H%M}"


DECIDING = {THEIRS: decided_by_them, OURS: decided_by_us}


def measure(side: str, snapshots: int) -> dict[str, Any]:
    """Decide once in this process; `answer` stands for what stays."""
    took_s, stay = DECIDING[side](snapshots)
    answer = sha256("\n".join(sorted(stay)).encode()).hexdigest()
    return {"each": 1e6 * took_s / snapshots, "peak": peak_mib(), "answer": answer}


@contextmanager
def sides() -> Iterator[Mapping[str, Side]]:
    """Yield both, and ours over ten times as many. Raises Unavailable without rotate-backups."""
    if missing := why_not(sys.version_info[:2], installed=find_spec("rotate_backups") is not None):
        raise Unavailable(missing)
    if _apart(THEIRS, FEW)["answer"] != _apart(OURS, FEW)["answer"]:
        raise RuntimeError("rotate-backups and cbsnap keep different snapshots by the same rules")
    yield {
        f"{side}, {count:,}": partial(_sample, side, count)
        for side, count in ((THEIRS, FEW), (OURS, FEW), (OURS, SNAPSHOTS))
    }


def why_not(python: tuple[int, int], *, installed: bool) -> str:
    """Return why there is nothing to compare with; empty when there is."""
    if python >= (3, 13):
        return "rotate-backups works up to Python 3.12 only: it needs the module pipes"
    return "" if installed else "rotate-backups is not installed: pip install rotate-backups"


def _sample(side: str, snapshots: int) -> Sample:
    found = _apart(side, snapshots)
    return {name: found[name] for name in ("each", "peak")}


def _apart(side: str, snapshots: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.retention", side, str(snapshots)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    found: dict[str, Any] = json.loads(done.stdout)
    return found


BENCHMARK = Benchmark(
    name="retention",
    claim="deciding which snapshots stay, against rotate-backups from PyPI",
    trials=5,
    metrics=(
        Metric("each", "µs", "time a snapshot"),
        Metric("peak", "MiB", "peak memory, the snapshots themselves included", compared=False),
    ),
    plotted="each",
    sides=sides,
)

if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
