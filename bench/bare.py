"""The bare script: the locks and syncs of the plan in one process, with no HTTP, no guard and no proof.

It is what a person would write by hand, and what the agent's window is held against.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bench.trials import Sample

LOCK_WAIT_S = 2.0  # the agent's bound
_LIBC = ctypes.CDLL(None, use_errno=True)


def hold(database: Path, *, synced_before: bool) -> Sample:
    """Lock and let go at once; returns the milliseconds. The agent, too, syncs before it locks."""
    folder = os.open(database.parent, os.O_RDONLY)
    began = time.perf_counter()
    connection = sqlite3.connect(database, timeout=LOCK_WAIT_S, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        if synced_before:
            sync(folder)
        waiting = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        locked = time.perf_counter()
        sync(folder)
        synced = time.perf_counter()
        connection.rollback()
    finally:
        connection.close()
        os.close(folder)
    unlocked = time.perf_counter()
    return {
        "held": 1000 * (unlocked - locked),
        "sync": 1000 * (synced - locked),
        "lock": 1000 * (locked - waiting),
        "locked": 1000 * (unlocked - waiting),
        "prepare": 1000 * (waiting - began),
        "whole": 1000 * (unlocked - began),
    }


def sync(folder: int) -> None:
    """Bring a filesystem's dirty pages to its disk; `folder` is a descriptor in it. Raises OSError."""
    if _LIBC.syncfs(folder) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
