"""MariaDB and MySQL: the server recovers the clone, with no network, and checks every table.

A binary log that the data name is opened, as on the source: without it the server would not decide what it
had prepared. Tables are not repaired on opening, so that what is broken is seen.
"""

import contextlib
import glob
import os
import re
import shlex
import shutil
from typing import NamedTuple

import pymysql

from cbsnap_agent import values

from . import Broken, Unable
from .room import read as text_of
from .room import serving, tail

_SERVERS = ("mariadbd", "mysqld")
_OF_THE_SERVER = ("information_schema", "performance_schema", "sys")
_SAYS_TROUBLE = re.compile(r"\[ERROR\]|corrupt", re.IGNORECASE)
_SOUND = ("OK", "Table is already up to date")
_TOLD = 5
_ALWAYS = [
    "--skip-networking",
    "--skip-grant-tables",
    "--skip-slave-start",
    "--server-id=1",
    "--innodb-buffer-pool-size=64M",
]
_OF_MARIADB = ["--myisam-recover-options=OFF"]


class Settings(NamedTuple):
    """Where the data lie in the clones, and the server for it; `options` are added to its own."""

    data: str
    server: str
    options: list
    start_limit_s: float


def read(section):
    """Take the `mysql.` keys; without `data`, the folder that holds an ibdata1."""
    return Settings(
        data=section.take("mysql.data", str, ""),
        server=section.take("mysql.server", values.path, ""),
        options=section.take("mysql.options", shlex.split, []),
        start_limit_s=section.take("mysql.start_limit_s", values.seconds(1, 86_400), 600),
    )


@contextlib.contextmanager
def checked(settings, room, checks):
    """Start the server, check all tables, and look through what it has logged."""
    with contextlib.ExitStack() as stack:
        socket = log = None
        with checks.check("mysql start") as said:
            data = room.data(settings.data, "ibdata1")
            own = room.own("mysql", data)
            socket, log = os.path.join(own, "mysqld.sock"), os.path.join(room.folder, "mysql.log")
            command = _command(settings, data, own, socket)
            stack.enter_context(serving(command, data, log, lambda: _answers(socket), settings.start_limit_s))
            said.append(_rows(socket, "SELECT VERSION()")[0][0])
        if checks.failed_last():
            yield {}
            return
        with checks.check("mysql tables") as said:
            said.append(_check_tables(socket))
        with checks.check("mysql log"):
            _look_through(log)
        yield {"CBSNAP_MYSQL_SOCKET": socket}


def _command(settings, data, own, socket):
    server = settings.server or next(filter(None, map(_which, _SERVERS)), "")
    if not server:
        raise Unable("there is neither mariadbd nor mysqld on this host")
    is_mariadb = os.path.basename(server).startswith("maria") or _is_mariadb(server)
    owner = ["--user=root"] if os.stat(data).st_uid == 0 else []
    return [
        server,
        "--no-defaults",
        "--datadir=" + data,
        "--socket=" + socket,
        "--pid-file=" + os.path.join(own, "pid"),
        "--tmpdir=" + own,
        *_ALWAYS,
        *(_OF_MARIADB if is_mariadb else []),
        *owner,
        *_binary_log(data),
        *settings.options,
    ]


def _which(name):
    return shutil.which(name, path="/usr/sbin:/usr/libexec:/usr/bin:/usr/local/sbin:/usr/local/bin")


def _is_mariadb(server):
    return "mariadb" in os.path.realpath(server)


def _binary_log(data):
    """Return the option that opens the binary log in the data, if there is one."""
    for index in sorted(glob.glob(os.path.join(glob.escape(data), "*.index"))):
        names = text_of(index).split()
        base = os.path.basename(index)[: -len(".index")]
        own = re.compile(re.escape(base) + r"\.\d+$")
        if "relay" not in base and any(own.match(os.path.basename(one)) for one in names):
            return ["--log-bin=" + base]
    return []


def _answers(socket):
    try:
        _rows(socket, "SELECT 1")
    except (pymysql.Error, OSError):
        return False
    return True


def _rows(socket, statement):
    with contextlib.closing(
        pymysql.connect(unix_socket=socket, user="root", ssl_disabled=True)
    ) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def _check_tables(socket):
    """Check every table; return how many there were. Raises Broken with the first that are not sound."""
    names = ", ".join("'{}'".format(one) for one in _OF_THE_SERVER)
    tables = _rows(
        socket,
        "SELECT table_schema, table_name FROM information_schema.tables"  # noqa: S608 - fixed names
        " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ({})".format(names),
    )
    troubles = [trouble for one in tables for trouble in _troubles(socket, *map(_text, one))]
    if troubles:
        more = len(troubles) - _TOLD
        raise Broken("; ".join(troubles[:_TOLD] + (["and {} more".format(more)] if more > 0 else [])))
    return "{} tables".format(len(tables))


def _troubles(socket, schema, table):
    try:
        rows = _rows(socket, "CHECK TABLE {}.{}".format(_quoted(schema), _quoted(table)))
    except pymysql.Error as error:
        return ["{}.{}: {}".format(schema, table, error)]
    said = [tuple(map(_text, row)) for row in rows]
    bad = [text for _, _, kind, text in said if kind in ("error", "warning") or _is_bad(kind, text)]
    return ["{}.{}: {}".format(schema, table, bad[0])] if bad else []


def _is_bad(kind, text):
    return kind == "status" and text not in _SOUND


def _look_through(log):
    lines = [line for line in text_of(log).splitlines() if _SAYS_TROUBLE.search(line)]
    if lines:
        raise Broken("{} lines; {}".format(len(lines), tail("\n".join(lines[:2]))))


def _quoted(name):
    return "`{}`".format(name.replace("`", "``"))


def _text(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
