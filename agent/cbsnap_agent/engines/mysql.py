"""MySQL and MariaDB: a lock that writers wait for, held in a session of its own.

By `mysql.lock`: `tables` is FLUSH TABLES WITH READ LOCK (with LOCK INSTANCE FOR BACKUP before it on MySQL 8);
`backup-stage` is MariaDB's BACKUP STAGE, which lets a long statement pass. A wait for the lock is bounded by
the session's lock_wait_timeout and by the time that is left, and each try has a connection of its own, killed
when it fails: a failed lock lingers, and stalls writers, until its session is gone. MySQL's own statements
were written from its manual and tried on MariaDB only.
"""

import contextlib
import socket
import time
from typing import NamedTuple, Optional

import pymysql

from cbsnap_agent import bounded, here, kernel, values
from cbsnap_agent.engines import mysql_server
from cbsnap_agent.errors import HoldBroken, StepFailed

LOCK_WAIT_S = 2
LOCK_TRIES = 5
_PAUSE_S = 0.2
_CONNECT_LIMIT_S = 2
# A lock waits for readers, for tables and for commits, each for lock_wait_timeout at most.
_REPLY_LIMIT_S = 3 * LOCK_WAIT_S + 2
_CONFIRM_LIMIT_S = 0.4  # less than the guard's grace: a server that hangs must not cost the agent
_IDLE_LIMIT_S = 3600  # longer than any lease; this session's only


class Settings(NamedTuple):
    """How to reach the server, and what the plan wants of it."""

    socket: Optional[str]
    host: Optional[str]
    port: int
    user: str
    password_file: Optional[str]
    lock: str
    role: Optional[str]
    long_query_s: float
    galera_desync: bool
    data: list


def read(section):
    """Take the `mysql.` keys."""
    host, port = section.take("mysql.address", values.address, (None, 0))
    return Settings(
        socket=None if host else section.take("mysql.socket", values.path, "/run/mysqld/mysqld.sock"),
        host=host,
        port=port,
        user=section.take("mysql.user", values.word),
        password_file=section.take("mysql.password_file", values.path, None),
        lock=section.take("mysql.lock", values.one_of("tables", "backup-stage"), "tables"),
        role=section.take("mysql.role", values.one_of("primary", "replica"), None),
        long_query_s=section.take("mysql.long_query_s", values.seconds(0.1, 3600), 10),
        galera_desync=section.take("mysql.galera_desync", values.yes_no, default=False),
        data=section.take("mysql.data", values.paths, []),
    )


class Session:
    """One lease's connections: one that asks, one that holds the lock."""

    locks = True
    needs_freeze = False

    def __init__(self, settings):
        self._settings = settings
        self._asking = self._holding = None
        self._holding_id = None
        self._server = None
        self._caveats = []
        self._doubts = []
        self._desynced = False

    def connect(self):
        """Connect and learn what server it is; refuse one in the wrong role."""
        self._asking, _ = self._open()
        self._server = mysql_server.Server(self._rows)
        role = self._settings.role
        if role and role != self._server.role():
            raise StepFailed(
                "mysql: this server is the {}, the plan wants the {}".format(self._server.role(), role)
            )

    def places(self):
        """Return the folders of data, logs and tables, as the server tells them."""
        if self._settings.data:
            self._caveats.append("mysql: where its data lie is the configuration's word alone")
            return self._settings.data
        places, self._doubts = self._server.places()
        return places

    def problems(self):
        """Return missing privileges with the GRANT that gives them, and a node that was left desynced."""
        try:
            self.connect()
        except StepFailed as error:
            return [("cannot-connect", "mysql.user", str(error))]
        try:
            return self._server.problems(self._settings.lock, needs_desync=self._settings.galera_desync)
        finally:
            self.unlock()

    def prepare(self, end_s):
        """Take a Galera node out of flow control, where the plan says so, before anything waits."""
        del end_s
        if self._settings.galera_desync and not self._server.is_desynced():
            self._desynced = True
            self._rows("SET GLOBAL wsrep_desync = ON")
            self._caveats.append("mysql: an agent killed now leaves wsrep_desync ON")

    def lock(self, end_s):
        """Lock, in a few short tries."""
        for left in reversed(range(LOCK_TRIES)):
            try:
                self._refuse_long_queries()
                self._try_lock(end_s)
            except (pymysql.Error, StepFailed) as error:
                self._kill_holding()
                if not left or kernel.boottime_s() + _PAUSE_S + LOCK_WAIT_S > end_s:
                    raise StepFailed("mysql: no lock: {}".format(error)) from error
            else:
                return
            time.sleep(_PAUSE_S)

    def positions(self):
        """Return version, binary log file and position, and GTIDs, as far as the privileges go."""
        found, missing = self._server.positions()
        self._caveats += missing
        return found

    def confirm(self):
        """Ask on the very connection that holds the lock."""
        try:
            rows = bounded.call(self._holding_rows, _CONFIRM_LIMIT_S, "SELECT CONNECTION_ID()")
        except (pymysql.Error, OSError, StepFailed) as error:
            self._drop_holding()
            raise HoldBroken("mysql: the session that held the lock is gone: {}".format(error)) from error
        if rows[0][0] != self._holding_id:
            raise HoldBroken("mysql: the session that held the lock was replaced")

    def unlock(self):
        """Unlock and disconnect; a session that ends takes its lock with it."""
        if self._holding:
            _try(lambda: self._holding.cursor().execute(self._server.unlock_statement(self._settings.lock)))
        if self._desynced:
            _try(lambda: self._rows("SET GLOBAL wsrep_desync = OFF"))
        for connection in (self._holding, self._asking):
            if connection:
                _try(connection.close)
        self._holding = self._asking = None

    def doubts(self):
        """Return what the server did not say of its places, and why these may be another host's."""
        return self._doubts + here.doubts("mysql", self._settings.host)

    def caveats(self):
        """Return what the lock leaves out."""
        return self._caveats

    def _refuse_long_queries(self):
        longest = self._server.longest_query(self._settings.long_query_s)
        if longest:
            raise StepFailed("query {} has been running for {:.0f} s".format(*longest))

    def _try_lock(self, end_s):
        self._holding, self._holding_id = bounded.call(self._open, end_s - kernel.boottime_s(), "connecting")
        bounded.call(lambda: self._wait_for_lock(self._holding), end_s - kernel.boottime_s(), "the lock")
        self._caveats += self._server.open_transactions()

    def _wait_for_lock(self, connection):
        with connection.cursor() as cursor:
            cursor.execute(
                "SET SESSION lock_wait_timeout = %s, wait_timeout = %s", (LOCK_WAIT_S, _IDLE_LIMIT_S)
            )
            for statement in self._server.lock_statements(self._settings.lock):
                cursor.execute(statement)

    def _kill_holding(self):
        if self._holding:
            _try(lambda: self._rows("KILL {}".format(self._holding_id)))
            self._drop_holding()

    def _drop_holding(self):
        """Hang up: the server drops the lock when it sees that, and a thread that waits for it is woken."""
        with contextlib.suppress(OSError, AttributeError):  # without a socket it has hung up itself
            self._holding._sock.shutdown(socket.SHUT_RDWR)  # noqa: SLF001 - a close waits for whoever reads
        _try(self._holding.close)
        self._holding = None

    def _holding_rows(self):
        with self._holding.cursor() as cursor:
            cursor.execute("SELECT CONNECTION_ID()")
            return cursor.fetchall()

    def _rows(self, statement):
        try:
            with self._asking.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall()
        except (pymysql.Error, OSError) as error:
            raise StepFailed("mysql: {}: {}".format(statement, error)) from error

    def _open(self):
        settings = self._settings
        try:
            connection = pymysql.connect(
                unix_socket=settings.socket,
                host=settings.host,
                port=settings.port,
                user=settings.user,
                password=_password(settings.password_file),
                ssl_disabled=settings.socket is not None,
                connect_timeout=_CONNECT_LIMIT_S,
                read_timeout=_REPLY_LIMIT_S,
                write_timeout=_REPLY_LIMIT_S,
                autocommit=True,
                program_name="cbsnap-agent",
            )
            with connection.cursor() as cursor:
                cursor.execute("SELECT CONNECTION_ID()")
                return connection, cursor.fetchone()[0]
        except (pymysql.Error, OSError) as error:
            raise StepFailed("mysql: cannot connect as {}: {}".format(settings.user, error)) from error


def _password(path):
    if path is None:
        return ""
    with open(path) as source:
        return source.read().rstrip("\n")


def _try(function):
    """Do what may fail because the session is gone, in bounded time."""
    try:
        bounded.call(function, _CONFIRM_LIMIT_S, "mysql")
    except (pymysql.Error, OSError, StepFailed):
        return
