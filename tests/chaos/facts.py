"""What an observer sees for himself after a case: the cloud's state, what was reported, journals, databases.

Read from outside and with nothing of the core: names are read by a pattern of our own, reports as JSON lines
of the functions' logs, journals as files, databases by SQLite.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.chaos.host import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.chaos.host import Host

_NAME = re.compile(r"(?P<policy>[a-z][a-z0-9-]*)\.(?P<due>[0-9]{8}T[0-9]{4}Z)\.(?P<disk>[a-z0-9]+)")
_MARKERS = ".cbsnap"


@dataclass(frozen=True)
class Transaction:
    """One of the writer's: from asking to done, seconds since the epoch; `end_s` is None for an open one."""

    begin_s: float
    end_s: float | None
    sequence: int | None


@dataclass(frozen=True)
class Copy:
    """The database in a snapshot's copy, and the leases that the markers beside it name."""

    sequence: int
    fault: str
    pre: str | None
    post: str | None


@dataclass(frozen=True)
class Snapshot:
    """A snapshot at the cloud; `policy` and `due` are None when the name is nobody's."""

    id: str
    disk: str
    policy: str | None
    due: str | None
    state: str
    label: str | None
    created_s: float
    copy: Copy | None


@dataclass(frozen=True)
class Lease:
    """A lease that has ended, as the host's journal has it."""

    id: str
    operation: str
    state: str
    verdict: str | None
    reason: str
    ended_s: float
    locked_s: float
    before_held_s: float
    covers: Mapping[str, str]
    answered: Mapping[str, str]


@dataclass(frozen=True)
class Reported:
    """What a function said of a disk."""

    decision: str
    reason: str


@dataclass(frozen=True)
class Place:
    """One host: its disks, its journal, and the diary of its database's writer since the case began."""

    disks: tuple[str, ...]
    leases: tuple[Lease, ...]
    diary: tuple[Transaction, ...]


@dataclass(frozen=True)
class Facts:
    """Everything seen. `reports` has, by disk, what was said of it, the latest last."""

    due: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]
    reports: Mapping[str, tuple[Reported, ...]]
    places: Mapping[str, Place]
    seen_s: float
    clock_moved: bool = False
    failures: tuple[str, ...] = ()


def rows(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every snapshot of the cloud's state, as it is shown."""
    for region in state["regions"]:
        yield from region["snapshots"].values()


def snapshots(state: Mapping[str, Any]) -> Iterator[Snapshot]:
    """Yield every snapshot of the cloud's state, with its copy examined."""
    for row in rows(state):
        name = _NAME.fullmatch(row["name"])
        yield Snapshot(
            id=row["id"],
            disk=row["disk_id"],
            policy=name["policy"] if name else None,
            due=name["due"] if name else None,
            state=row["state"],
            label=row["tags"].get("cbsnap:label"),
            created_s=row["created_s"],
            copy=_copy(Path(row["copy"])) if row["copy"] else None,
        )


def disks(state: Mapping[str, Any]) -> Iterator[str]:
    """Yield every disk of the cloud's state."""
    for region in state["regions"]:
        yield from region["disks"]


def reports(invocations: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Reported, ...]]:
    """Return what the functions' logs say of each disk, in the order of the invocations."""
    said: dict[str, tuple[Reported, ...]] = {}
    for invocation in invocations:
        for line in invocation["log"]:
            for outcome in _outcomes(line):
                one = Reported(outcome["decision"], outcome.get("reason", ""))
                said[outcome["disk_id"]] = (*said.get(outcome["disk_id"], ()), one)
    return said


def failures(invocations: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield how attempts at invocations have failed, for a person to read."""
    for invocation in invocations:
        for attempt in invocation["attempts"]:
            if attempt["error"]:
                stack = attempt["error"].get("stackTrace", "").splitlines()
                yield f"{invocation['function']}: {attempt['error']['errorMessage']} {' '.join(stack[-1:])}"


def _outcomes(line: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(line)
    except ValueError:
        return []
    is_report = isinstance(found, dict) and found.get("cbsnap") == "report"
    return list(found.get("outcomes", [])) if is_report else []


def place(host: Host, diary_from: int, operations: str) -> Place:
    """Read one host: its diary from a byte on, and the leases whose operation begins so."""
    mine = tuple(one for one in leases(host.journal) if one.operation.startswith(operations))
    return Place(host.disks, mine, tuple(diary(host.diary, diary_from)))


def leases(journal: Path) -> Iterator[Lease]:
    """Yield the ended leases of a journal; records that are being written are not there yet."""
    for path in journal.glob("?" * 32):
        entry = json.loads(path.read_text())
        record = entry["record"]
        steps = {step["name"]: step["ms"] / 1000 for step in record["steps"]}
        yield Lease(
            id=record["lease_id"],
            operation=record["operation"],
            state=record["state"],
            verdict=record["verdict"],
            reason=record["reason"] or "",
            ended_s=entry["ended_s"],
            locked_s=(record["locked_ms"] or 0) / 1000,
            before_held_s=sum(steps.get(name, 0.0) for name in ("lock", "mark", "sync")),
            covers={cover["disk_id"]: cover["label"] for cover in record["covers"]},
            answered=record["answered"],
        )


def diary(path: Path, from_byte: int) -> Iterator[Transaction]:
    """Yield the transactions of a writer's diary."""
    with path.open("rb") as notes:
        notes.seek(from_byte)
        lines = notes.read().decode().splitlines()
    begin_s: float | None = None
    for line in lines:
        word, *figures = line.split()
        if word == "begin":
            begin_s = float(figures[0])
        elif begin_s is not None:
            yield Transaction(begin_s, float(figures[1]), int(figures[0]))
            begin_s = None
    if begin_s is not None:
        yield Transaction(begin_s, None, None)


def _copy(folder: Path) -> Copy | None:
    """Examine the copy of a disk that has a database; None for any other."""
    if not (folder / DATABASE).is_file():
        return None
    sequence, fault = _examined(folder)
    return Copy(sequence, fault, _marker(folder, "pre"), _marker(folder, "post"))


def _examined(folder: Path) -> tuple[int, str]:
    """Open the database away from where it lies; return its sequence and what is wrong with it."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as away:
        for part in folder.glob(f"{DATABASE}*"):
            if not part.name.endswith("-shm"):  # shared memory of processes that the copy never had
                shutil.copy(part, away)
        database = sqlite3.connect(Path(away) / DATABASE)
        try:
            return _read(database)
        except sqlite3.DatabaseError as broken:
            return -1, str(broken)
        finally:
            database.close()


def _read(database: sqlite3.Connection) -> tuple[int, str]:
    (sound,) = database.execute("PRAGMA integrity_check").fetchone()
    (sequence,) = database.execute("SELECT sequence FROM state").fetchone()
    rows = database.execute("SELECT sequence, text FROM ring").fetchall()
    torn = any(text != f"{number:08d}" * 16 for number, text in rows)
    newest = max(number for number, _ in rows)
    if sound != "ok" or torn or newest != sequence:
        return sequence, f"integrity {sound}, newest row {newest} of {sequence}, torn: {torn}"
    return sequence, ""


def _marker(folder: Path, name: str) -> str | None:
    path = folder / _MARKERS / name
    return json.loads(path.read_text())["lease_id"] if path.is_file() else None
