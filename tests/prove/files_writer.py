"""Writes files, and a line about each once it is whole: `python files_writer.py FOLDER`, until it is killed.

It opens each file anew, so that the filesystem can be unmounted between two of them; what is refused
meanwhile is tried again.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
import time
from pathlib import Path

_PAUSE_S = 0.002


def write(folder: Path, number: int) -> None:
    """Write one file and its line; raises OSError."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    content = os.urandom(4096)
    (data / str(number)).write_bytes(content)
    with (folder / "manifest").open("a") as manifest:
        manifest.write(f"{number} {hashlib.sha256(content).hexdigest()}\n")


def insist(folder: Path, number: int) -> None:
    """Write one file and its line, however long that takes."""
    while True:
        try:
            return write(folder, number)
        except OSError:
            time.sleep(_PAUSE_S)


if __name__ == "__main__":
    for count in itertools.count():
        insist(Path(sys.argv[1]), count)
        time.sleep(_PAUSE_S)
