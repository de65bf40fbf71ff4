"""Whether a snapshot's copy of the database is whole: sound, consistent, and a true past of the original."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from demo.writer import digest


@dataclass(frozen=True)
class Examined:
    """What was found in a copy; `fault` is empty when it is whole."""

    orders: int
    fault: str = ""


def examine(copy: Path, original: Path) -> Examined:
    """Open the copy of a database, away from where it lies, and hold it against the original."""
    with tempfile.TemporaryDirectory() as away:
        for part in copy.parent.glob(f"{copy.name}*"):
            if not part.name.endswith("-shm"):  # shared memory of processes that the copy never had
                shutil.copy(part, away)
        database = sqlite3.connect(Path(away) / copy.name)
        try:
            return _examine(database, original)
        finally:
            database.close()


def _examine(database: sqlite3.Connection, original: Path) -> Examined:
    try:
        state = database.execute("PRAGMA integrity_check").fetchone()[0]
        rows = database.execute("SELECT id, amount, digest FROM orders ORDER BY id").fetchall()
        lines = database.execute("SELECT coalesce(sum(amount), 0) FROM lines").fetchone()[0]
        (total,) = database.execute("SELECT amount FROM total").fetchone()
    except sqlite3.DatabaseError as broken:
        return Examined(0, str(broken))
    faults = {
        f"integrity_check says {state}": state != "ok",
        "an order is missing": [row[0] for row in rows] != list(range(1, len(rows) + 1)),
        "an order's row is damaged": any(said != digest(order, amount) for order, amount, said in rows),
        "lines and orders differ": lines != sum(row[1] for row in rows),
        "total and orders differ": total != lines,
        "it holds what the original does not": rows != _same_part(original, len(rows)),
        "it is empty": not rows,
    }
    return Examined(len(rows), next((fault for fault, found in faults.items() if found), ""))


def _same_part(original: Path, orders: int) -> list[tuple[int, int, str]]:
    database = sqlite3.connect(f"file:{original}?mode=ro", uri=True)
    try:
        return database.execute(
            "SELECT id, amount, digest FROM orders WHERE id <= ? ORDER BY id", (orders,)
        ).fetchall()
    finally:
        database.close()
