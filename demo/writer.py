"""A database under load: an order, its lines and the running total, in one transaction after another.

Run by itself: `python writer.py DATABASE`. What it keeps true in every committed state is what
`whole.py` checks in a snapshot's copy.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import time

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL, digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS lines (order_id INTEGER NOT NULL, amount INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS total (only INTEGER PRIMARY KEY CHECK (only = 1), amount INTEGER NOT NULL);
INSERT OR IGNORE INTO total VALUES (1, 0);
"""
LINES = 5
PAUSE_S = 0.002


def digest(order_id: int, amount: int) -> str:
    """Return what an order's row says of itself."""
    return hashlib.sha256(f"{order_id}:{amount}".encode()).hexdigest()


def write(path: str) -> None:
    """Write until killed."""
    database = sqlite3.connect(path, timeout=60, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.executescript(SCHEMA)
    order_id = database.execute("SELECT coalesce(max(id), 0) FROM orders").fetchone()[0]
    while True:
        order_id += 1
        database.execute("BEGIN IMMEDIATE")
        _order(database, order_id)
        database.execute("COMMIT")
        time.sleep(PAUSE_S)


def _order(database: sqlite3.Connection, order_id: int) -> None:
    amounts = [order_id % 97 + line for line in range(LINES)]
    amount = sum(amounts)
    database.execute("INSERT INTO orders VALUES (?, ?, ?)", (order_id, amount, digest(order_id, amount)))
    database.executemany("INSERT INTO lines VALUES (?, ?)", [(order_id, each) for each in amounts])
    database.execute("UPDATE total SET amount = amount + ?", (amount,))


if __name__ == "__main__":
    write(sys.argv[1])
