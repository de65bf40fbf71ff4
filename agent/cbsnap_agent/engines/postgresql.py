"""PostgreSQL: a CHECKPOINT, after which a freeze of every volume is what makes the snapshot recoverable.

There is no lock that could be held: the label needs the freeze. Spoken to through `psql`, which stays
connected: a query goes in by its standard input, and the answer ends with a line that was asked for.
"""

import contextlib
import os
import re
import select
import shlex
import signal
import subprocess
from typing import NamedTuple

from cbsnap_agent import bounded, here, kernel, values
from cbsnap_agent.errors import HoldBroken, StepFailed

_CONNECT_LIMIT_S = 5
_ANSWER_LIMIT_S = 3
_CONFIRM_LIMIT_S = 0.4
_END = "--cbsnap-end--"
_KEYWORD = re.compile(r"[a-z_]+\Z")
_SECRETS = {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
_PLACES = (
    "SELECT current_setting('data_directory') UNION SELECT current_setting('data_directory') || '/pg_wal'"
    " UNION SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE pg_tablespace_location(oid) <> ''"
)
_ADDRESS = "SELECT coalesce(host(inet_server_addr()), '')"  # none on a unix socket
_LSN = "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"
_MAY_CHECKPOINT = (
    "SELECT rolsuper OR EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = 'pg_checkpoint'"
    " AND pg_has_role(current_user, r.oid, 'USAGE')) FROM pg_roles WHERE rolname = current_user"
)


class Settings(NamedTuple):
    """How to reach the server."""

    psql: str
    connection: str
    os_user: str
    role: str


def read(section):
    """Take the `postgresql.` keys; `connection` is libpq's, and may name a passfile."""
    return Settings(
        psql=section.take("postgresql.psql", values.path, "/usr/bin/psql"),
        connection=section.take("postgresql.connection", _connection, "dbname=postgres"),
        os_user=section.take("postgresql.os_user", values.word, ""),
        role=section.take("postgresql.role", values.one_of("primary", "replica"), ""),
    )


def _connection(text):
    """Return libpq's connection string; one with a secret in it would be read in the list of processes."""
    pairs = [word.partition("=") for word in shlex.split(text)]
    if not all(_KEYWORD.match(name) and equals for name, equals, _ in pairs):
        raise ValueError("wants key=value words, as host=/run/postgresql user=cbsnap")
    secret = sorted({name for name, _, _ in pairs} & _SECRETS)
    if secret:
        raise ValueError(
            "must not carry {}: name a passfile=, which only the agent can read".format(secret[0])
        )
    return text


class Session:
    """One lease's session with the server."""

    locks = False
    needs_freeze = True

    def __init__(self, settings):
        self._settings = settings
        self._psql = None
        self._backend = None
        self._doubts = []

    def connect(self):
        """Start psql; refuse a server in the wrong role."""
        if not self._psql:
            self._psql = _start(self._settings)
            self._backend = self._ask("SELECT pg_backend_pid()", _CONNECT_LIMIT_S)
        (address,) = self._ask(_ADDRESS)
        self._doubts = here.doubts("postgresql", address or None)
        role = "replica" if self._ask("SELECT pg_is_in_recovery()") == ["t"] else "primary"
        if self._settings.role and self._settings.role != role:
            raise StepFailed(
                "postgresql: this server is the {}, not the {}".format(role, self._settings.role)
            )

    def places(self):
        """Return the folders of data, log and tablespaces, as the server tells them."""
        return self._ask(_PLACES)

    def problems(self):
        """Return a missing right to CHECKPOINT with the statement that grants it."""
        try:
            self.connect()
            if self._ask(_MAY_CHECKPOINT) == ["t"]:
                return []
            (user,) = self._ask("SELECT quote_ident(current_user)")
        except StepFailed as error:
            return [("cannot-connect", "postgresql.connection", str(error))]
        grant = "GRANT pg_checkpoint TO {} (before PostgreSQL 15: ALTER ROLE {} SUPERUSER)".format(user, user)
        return [("missing-privilege", "postgresql.connection", grant)]

    def prepare(self, end_s):
        """Write out what is dirty, so that the freeze and a recovery are short."""
        self._ask("CHECKPOINT", end_s - kernel.boottime_s())

    def lock(self, end_s):
        """Do nothing: the freeze is what holds."""

    def positions(self):
        """Return version, log position, timeline and the cluster's identifier."""
        query = "SELECT current_setting('server_version'), {}, timeline_id, system_identifier".format(_LSN)
        (row,) = self._ask(query + " FROM pg_control_checkpoint(), pg_control_system()")
        return dict(zip(("version", "lsn", "timeline", "system_identifier"), row.split("|")))

    def confirm(self):
        """See that the server has not been restarted: the same backend answers."""
        try:
            backend = self._ask("SELECT pg_backend_pid()", _CONFIRM_LIMIT_S)
        except StepFailed as error:
            raise HoldBroken("postgresql: the session is gone: {}".format(error)) from error
        if backend != self._backend:
            raise HoldBroken("postgresql: the session was replaced")

    def unlock(self):
        """Disconnect, in bounded time: whoever it was that psql waited for."""
        if self._psql:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                os.killpg(self._psql.pid, signal.SIGKILL)  # `runuser` alone would leave its psql behind
                self._psql.communicate(timeout=_CONFIRM_LIMIT_S)
        self._psql = None

    def doubts(self):
        """Return why the folders may be another host's."""
        return self._doubts

    def caveats(self):
        """Return nothing: a recovery replays the log from the checkpoint, as after any crash."""
        return []

    def _ask(self, query, limit_s=_ANSWER_LIMIT_S):
        """Return the lines of an answer, columns separated by |; raises StepFailed."""
        text = "{};\n\\echo {}\n".format(query, _END)
        try:
            self._psql.stdin.write(text.encode())
            self._psql.stdin.flush()
            return bounded.call(self._lines, limit_s, "postgresql: " + query)
        except OSError as error:
            raise StepFailed("postgresql: psql is gone: {}".format(self._complaint() or error)) from error

    def _lines(self):
        lines = []
        for line in iter(self._psql.stdout.readline, b""):
            if line.decode().rstrip("\n") == _END:
                complaint = self._complaint()
                if complaint:
                    raise StepFailed("postgresql: " + complaint)
                return lines
            lines.append(line.decode().rstrip("\n"))
        raise OSError("psql ended")

    def _complaint(self):
        """Return what psql has said on its standard error so far."""
        stderr = self._psql.stderr.fileno()
        said = b""
        while select.select([stderr], [], [], 0)[0]:
            piece = os.read(stderr, 4096)
            said += piece
            if not piece:
                break
        return said.decode(errors="replace").strip()


def _start(settings):
    become = ["runuser", "-u", settings.os_user, "--"] if settings.os_user else []
    options = ["-X", "-q", "-t", "-A", "-w", "-d", settings.connection]
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(  # noqa: S603 - the host's own configuration
            [*become, settings.psql, *options],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            cwd="/",
            start_new_session=True,
            env=dict(os.environ, PGOPTIONS="-c client_min_messages=error"),  # what it says is a failure
        )
    except OSError as error:
        raise StepFailed("postgresql: {}: {}".format(settings.psql, error)) from error
