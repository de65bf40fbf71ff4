"""A database under load. Run by itself: `python writer.py DATABASE`.

Rows are replaced in turn, so that the database is as large in the last trial as in the first.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import sys
import time

ROWS = 2000
ROWS_A_TRANSACTION = 5
ROW_BYTES = 400
PAUSE_S = 0.002


def write(path: str) -> None:
    """Write until killed, each transaction durable when it has been committed."""
    database = sqlite3.connect(path, timeout=60, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE IF NOT EXISTS load (id INTEGER PRIMARY KEY, content BLOB NOT NULL)")
    numbers = itertools.cycle(range(ROWS))
    while True:
        rows = [(next(numbers), os.urandom(ROW_BYTES)) for _ in range(ROWS_A_TRANSACTION)]
        database.execute("BEGIN IMMEDIATE")
        database.executemany("INSERT OR REPLACE INTO load VALUES (?, ?)", rows)
        database.execute("COMMIT")
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    write(sys.argv[1])
