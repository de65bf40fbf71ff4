"""SQLite: each database is opened, which settles its journal or log, and checked page by page."""

import contextlib
import os
import shlex
import sqlite3
from urllib.parse import quote

from . import Broken


def read(section):
    """Take `sqlite.databases`: paths in the clones, or absolute ones under a place."""
    return section.take("sqlite.databases", shlex.split)


@contextlib.contextmanager
def checked(databases, room, checks):
    """Check every database."""
    for wanted in databases:
        with checks.check("sqlite " + os.path.basename(wanted)):
            found = room.files(wanted)
            if len(found) != 1:
                raise Broken("the clones hold {} {}".format(len(found) or "no", wanted))
            _check(found[0])
    yield {}


def _check(path):
    try:
        uri = "file:{}?mode=rw".format(quote(path))
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as database:
            found = [row[0] for row in database.execute("PRAGMA integrity_check(5)")]
    except sqlite3.Error as error:
        raise Broken(str(error)) from error
    if found != ["ok"]:
        raise Broken("; ".join(found))
