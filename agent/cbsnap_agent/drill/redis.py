"""Redis: the dump and the append-only files are read by the server's own checkers; nothing is started."""

import contextlib
import glob
import os

from .room import said

_LIMIT_S = 3600
_MARKS = ("dump.rdb", "appendonlydir", "appendonly.aof")


def read(section):
    """Take `redis.data`; without it, the folder that holds a dump or an append-only file."""
    return section.take("redis.data", str, "")


@contextlib.contextmanager
def checked(wanted, room, checks):
    """Check every dump and append-only file."""
    with checks.check("redis data") as told:
        data = room.data(wanted, *_MARKS)
        dumps = glob.glob(os.path.join(glob.escape(data), "*.rdb"))
        logs = glob.glob(os.path.join(glob.escape(data), "appendonlydir/*.manifest"))
        logs += glob.glob(os.path.join(glob.escape(data), "appendonly.aof"))
        for tool, files in (("redis-check-rdb", dumps), ("redis-check-aof", logs)):
            for one in files:
                said([tool, one], data, _LIMIT_S, os.path.basename(one))
        told.append("{} dumps, {} append-only files".format(len(dumps), len(logs)))
    yield {}
