"""SQLite: a checkpoint of the write-ahead log, then BEGIN IMMEDIATE held on every database of the plan.

Readers go on; writers wait, as they do for one another. With the writers out, file, journal and log do not
change, so lock and sync are enough on one disk.
"""

import os
import sqlite3
from urllib.parse import quote

from cbsnap_agent import kernel, values
from cbsnap_agent.errors import HoldBroken, StepFailed

_LOCK_WAIT_S = 2  # the writers of the first database wait while the second is being locked


def read(section):
    """Take `sqlite.databases`, the files to hold."""
    return section.take("sqlite.databases", values.paths)


class Session:
    """The held databases of one lease."""

    locks = True
    needs_freeze = False

    def __init__(self, databases):
        self._databases = databases
        self._connections = {}
        self._identities = {}

    def connect(self):
        """See that every database is there; opening one writes, so it waits for `prepare`."""
        for path in self._databases:
            if not os.path.isfile(path):
                raise StepFailed("sqlite: {} is not there".format(path))

    def places(self):
        """Return the database files."""
        return list(self._databases)

    def problems(self):
        """Return what keeps a database from being opened or locked."""
        return [
            ("cannot-write", "sqlite.databases", "{} cannot be written by this agent".format(path))
            for path in self._databases
            if not os.access(path, os.W_OK) or not os.access(os.path.dirname(path), os.W_OK)
        ]

    def prepare(self, end_s):
        """Open every database and write its log into it, as far as no reader or writer has to wait."""
        for path in self._databases:
            try:
                self._connections[path] = self._open(path)
            except sqlite3.Error as error:
                raise StepFailed("sqlite: {}: {}".format(path, error)) from error
        for path, connection in self._connections.items():
            self._run(path, connection, "PRAGMA wal_checkpoint(PASSIVE)", end_s)

    def lock(self, end_s):
        """Keep writers out of every database."""
        end_s = min(end_s, kernel.boottime_s() + _LOCK_WAIT_S)
        for path, connection in self._connections.items():
            self._run(path, connection, "BEGIN IMMEDIATE", end_s)

    def positions(self):
        """Return each database's journal mode and length."""
        return {
            path: {
                "journal_mode": connection.execute("PRAGMA journal_mode").fetchone()[0],
                "page_count": connection.execute("PRAGMA page_count").fetchone()[0],
            }
            for path, connection in self._connections.items()
        }

    def confirm(self):
        """Check that each transaction is open, on the file that still bears the name."""
        for path, connection in self._connections.items():
            if not connection.in_transaction:
                raise HoldBroken("sqlite: the transaction on {} has ended".format(path))
            if self._identities[path] != _identity(path):
                raise HoldBroken("sqlite: {} was replaced while it was held".format(path))

    def unlock(self):
        """Let the writers in."""
        while self._connections:
            _, connection = self._connections.popitem()
            try:
                connection.rollback()
                connection.close()
            except sqlite3.Error:
                pass  # what cannot be rolled back has no lock any more

    def doubts(self):
        """Return nothing: the paths are the host's own."""
        return []

    def caveats(self):
        """Return nothing: the lock leaves nothing out."""
        return []

    def _open(self, path):
        self._identities[path] = _identity(path)
        # The lease is taken in one thread and ended in another, never in two at once.
        uri = "file:{}?mode=rw".format(quote(path))
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA schema_version")
        return connection

    def _run(self, path, connection, statement, end_s):
        left_ms = max(1, int((end_s - kernel.boottime_s()) * 1000))
        try:
            connection.execute("PRAGMA busy_timeout = {}".format(left_ms))
            connection.execute(statement).fetchall()
        except sqlite3.Error as error:
            raise StepFailed("sqlite: {} on {}: {}".format(statement, path, error)) from error


def _identity(path):
    try:
        entry = os.stat(path)
    except OSError:
        return None
    return entry.st_dev, entry.st_ino
