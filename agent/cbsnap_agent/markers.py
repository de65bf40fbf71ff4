"""Markers: two small files on each volume that tell a reader of its snapshot when it was cut.

`pre` is written while everything is locked, `post` once nothing is. A snapshot whose `pre` names a lease that
its `post` does not name was cut inside that lease.
"""

import json
import os

FOLDER = ".cbsnap"


def write(place, name, record):
    """Write a marker (`pre` or `post`) under a volume's place, whole or not at all; raises OSError."""
    folder = os.path.join(place, FOLDER)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    partial = os.path.join(folder, name + ".partial")
    with open(partial, "w") as target:
        json.dump(record, target, sort_keys=True)
        target.flush()
    os.rename(partial, os.path.join(folder, name))


def make_durable(place):
    """Bring a marker to the disk at once: a cut that comes late must find it."""
    for path in (os.path.join(place, FOLDER, "post"), os.path.join(place, FOLDER)):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
