"""An application that writes without pause: a file, then a row about it in each kind of table.

    python writer.py SOCKET FOLDER

Eight threads, until it is killed. A row is committed after its file was written, never before.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
import threading
import time
from pathlib import Path

import pymysql  # type: ignore[import-untyped,unused-ignore]  # comes with the packed agent

TABLES = ("innodb", "myisam", "aria")
_PAUSE_S = 0.004


def write(socket: str, folder: Path, thread: int) -> None:
    """Write for ever."""
    connection = pymysql.connect(unix_socket=socket, user="root", autocommit=True)
    with connection.cursor() as cursor:
        for number in itertools.count():
            content = os.urandom(4096)
            name = f"{thread}-{number}"
            (folder / name).write_bytes(content)
            row = (name, hashlib.sha256(content).hexdigest())
            for table in TABLES:
                cursor.execute(f"INSERT INTO shop.t_{table} VALUES (%s, %s)", row)  # noqa: S608 - our own names
            time.sleep(_PAUSE_S)


if __name__ == "__main__":
    for thread in range(8):
        threading.Thread(target=write, args=(sys.argv[1], Path(sys.argv[2]), thread)).start()
