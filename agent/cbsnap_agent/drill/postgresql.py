"""PostgreSQL: the server recovers the clone, every row is read, indexes are checked if there is pg_amcheck.

The settings that the data bring (postgresql.auto.conf) are overridden where they would reach out. What a
replica brings to stay one is left: it is read as it stands after its recovery. Sorting by another C library
than the source's reads as broken indexes: take a scratch host of the same distribution.
"""

import contextlib
import os
import shutil
import subprocess
from typing import NamedTuple

from cbsnap_agent import values
from cbsnap_agent.plan import CLEAN_ENVIRONMENT

from . import Broken, Unable
from .room import becoming, said, serving
from .room import read as text_of

_PORT = "5432"  # of the socket's name alone
_ANSWER_LIMIT_S = 10
_ALWAYS = {
    "listen_addresses": "",
    "archive_mode": "off",
    "shared_preload_libraries": "",
    "logging_collector": "off",
    "log_destination": "stderr",
    "ssl": "off",
    "autovacuum": "off",
    "primary_conninfo": "",
    "fsync": "off",  # what is written here is thrown away
    "restart_after_crash": "off",
}


class Settings(NamedTuple):
    """Where the data lie in the clones, where the server's programs are, and a superuser's name."""

    data: str
    programs: str
    user: str
    start_limit_s: float
    read_limit_s: float


def read(section):
    """Take the `postgresql.` keys; without `data`, the folder that holds a global/pg_control."""
    return Settings(
        data=section.take("postgresql.data", str, ""),
        programs=section.take("postgresql.programs", values.path, ""),
        user=section.take("postgresql.user", values.word, "postgres"),
        start_limit_s=section.take("postgresql.start_limit_s", values.seconds(1, 86_400), 600),
        read_limit_s=section.take("postgresql.read_limit_s", values.seconds(1, 86_400), 7200),
    )


@contextlib.contextmanager
def checked(settings, room, checks):
    """Start the server, read everything, check the indexes."""
    with contextlib.ExitStack() as stack:
        server = None
        with checks.check("postgresql start") as told:
            server = _Server(settings, room)
            stack.enter_context(
                serving(server.command(), server.data, server.log, server.answers, settings.start_limit_s)
            )
            told.append(server.asked("SHOW server_version"))
        if checks.failed_last():
            yield {}
            return
        with checks.check("postgresql rows"):
            server.read_all()
        with checks.check("postgresql indexes") as told:
            told.append(server.check_indexes())
        with checks.check("postgresql log"):
            server.look_through()
        yield {"PGHOST": server.own, "PGPORT": _PORT, "PGUSER": settings.user}


class _Server:
    def __init__(self, settings, room):
        self._settings = settings
        self.data = room.data(settings.data, "global/pg_control")
        self.own = room.own("postgresql", self.data)
        self.log = os.path.join(room.folder, "postgresql.log")
        self._programs = settings.programs or _programs(self.data)
        self._hba = os.path.join(self.own, "hba.conf")
        with open(self._hba, "w") as target:
            target.write("local all all trust\n")
        os.chmod(self._hba, 0o644)
        for name in ("postgresql.conf", "ident.conf"):
            with open(os.path.join(self.own, name), "w"):
                pass
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.data, "postmaster.pid"))  # of a server that is not here

    def command(self):
        """Return the server's command; what it is told here stands above all files."""
        files = {
            "config_file": os.path.join(self.own, "postgresql.conf"),
            "hba_file": self._hba,
            "ident_file": os.path.join(self.own, "ident.conf"),
            "unix_socket_directories": self.own,
            "port": _PORT,
        }
        pairs = sorted(dict(_ALWAYS, **files).items())
        options = [word for key, value in pairs for word in ("-c", "{}={}".format(key, value))]
        return [self._program("postgres"), "-D", self.data, *options]

    def answers(self):
        """Tell whether the server takes questions."""
        asking = [self._program("pg_isready"), "-q", "-h", self.own, "-p", _PORT]
        return subprocess.call(asking, preexec_fn=becoming(self.data)) == 0  # noqa: S603 - the host's own

    def asked(self, query):
        """Return the answer to a query."""
        command = [self._program("psql"), "-X", "-A", "-t", "-d", "postgres", *self._where(), "-c", query]
        return said(command, self.data, _ANSWER_LIMIT_S, query).strip()

    def read_all(self):
        """Read every row of every database."""
        command = [self._program("pg_dumpall"), *self._where(), "--no-sync", "-f", "/dev/null"]
        said(command, self.data, self._settings.read_limit_s, "pg_dumpall")

    def check_indexes(self):
        """Check all tables and B-tree indexes; return what was left out."""
        program = os.path.join(self._programs, "pg_amcheck")
        if not os.path.exists(program):
            return "left out: there is no pg_amcheck on this host"
        if self.asked("SELECT pg_is_in_recovery()") == "t":
            return "left out: a replica's data take no extension"
        said(
            [program, *self._where(), "--all", "--install-missing"],
            self.data,
            self._settings.read_limit_s,
            "pg_amcheck",
        )
        return ""

    def look_through(self):
        """Raise Broken for what the server panicked at."""
        lines = [line for line in text_of(self.log).splitlines() if "PANIC:" in line or "corrupt" in line]
        if lines:
            raise Broken(lines[0])

    def _where(self):
        return ["-h", self.own, "-p", _PORT, "-U", self._settings.user]

    def _program(self, name):
        return os.path.join(self._programs, name)


def _programs(data):
    """Return the folder with the programs of the data's version. Raises Unable."""
    version = text_of(os.path.join(data, "PG_VERSION")).strip()
    for folder in ("/usr/lib/postgresql/{}/bin", "/usr/pgsql-{}/bin"):
        if os.path.exists(os.path.join(folder.format(version), "postgres")):
            return folder.format(version)
    found = shutil.which("postgres", path=CLEAN_ENVIRONMENT["PATH"])
    if found is None:
        raise Unable("there is no PostgreSQL {} on this host: name postgresql.programs".format(version))
    return os.path.dirname(os.path.realpath(found))
