"""A database under load, which keeps a diary of its own: the witness that no lock can argue with.

Run by itself: `python writer.py DATABASE DIARY [DATABASE DIARY …]`. Every transaction raises one number,
`sequence`, and rewrites one row of a ring, so that a state is known by its number and a torn one is seen. The
diary has a line `begin <time>` before each transaction and `commit <sequence> <time>` after it, in seconds
since the epoch.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time

SCHEMA = """
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
CREATE TABLE IF NOT EXISTS state (only INTEGER PRIMARY KEY CHECK (only = 1), sequence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ring (place INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, text TEXT NOT NULL);
INSERT OR IGNORE INTO state VALUES (1, 0);
"""
PLACES = 64
PAUSE_S = 0.01
PATIENCE_S = 120.0


def write(path: str, diary: str) -> None:
    """Write until killed."""
    database = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
    database.executescript(SCHEMA)
    (sequence,) = database.execute("SELECT sequence FROM state").fetchone()
    notes = os.open(diary, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    while True:
        sequence += 1
        os.write(notes, f"begin {time.time():.6f}\n".encode())
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE state SET sequence = ?", (sequence,))
        row = (sequence % PLACES, sequence, f"{sequence:08d}" * 16)
        database.execute("INSERT OR REPLACE INTO ring VALUES (?, ?, ?)", row)
        database.execute("COMMIT")
        os.write(notes, f"commit {sequence} {time.time():.6f}\n".encode())
        time.sleep(PAUSE_S)


def main(arguments: list[str]) -> None:
    """Write into every database at once."""
    pairs = list(zip(arguments[::2], arguments[1::2], strict=True))
    for pair in pairs[1:]:
        threading.Thread(target=write, args=pair, daemon=True).start()
    write(*pairs[0])


if __name__ == "__main__":
    main(sys.argv[1:])
