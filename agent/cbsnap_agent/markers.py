"""Markers: two small files on each volume that tell a reader of its snapshot when it was cut.

`pre` is written while everything is locked, `post` once nothing is. A snapshot whose `pre` names a lease that
its `post` does not name was cut inside that lease.
"""

import json
import os

from . import kernel

FOLDER = ".cbsnap"


def post(lease_id):
    """Return the record of a `post` marker."""
    return {"lease_id": lease_id, "boot_id": kernel.boot_id()}


def verdict(place, lease_id=None):
    """Tell when the copy that a place is in was cut: (`inside`, `late` or `unknown`, `pre` marker or None).

    `inside`: after a lease's lock and before its end; `late`: after its end. With a lease id, of that lease.
    """
    pre, post = _read(place, "pre"), _read(place, "post")
    if pre is None or (lease_id and pre["lease_id"] != lease_id):
        return "unknown", pre
    is_late = post is not None and post["lease_id"] == pre["lease_id"]
    return "late" if is_late else "inside", pre


def probe(place):
    """Write into a volume; return 0 or the errno. On a frozen filesystem it never returns."""
    try:
        os.makedirs(os.path.join(place, FOLDER), mode=0o700, exist_ok=True)
        with open(os.path.join(place, FOLDER, "pre.partial"), "w"):
            return 0
    except OSError as error:
        return error.errno


def write(place, name, record, durable):
    """Write a marker (`pre` or `post`) under a volume's place, whole or not at all; raises OSError.

    `durable` brings it to the disk at once: a cut that comes late must find `post`.
    """
    folder = os.path.join(place, FOLDER)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    partial = os.path.join(folder, name + ".partial")
    with open(partial, "w") as target:
        json.dump(record, target, sort_keys=True)
        target.flush()
        if durable:
            os.fsync(target.fileno())
    os.rename(partial, os.path.join(folder, name))
    if durable:
        _fsync(folder)


def _read(place, name):
    try:
        with open(os.path.join(place, FOLDER, name)) as source:
            return json.load(source)
    except (OSError, ValueError):
        return None


def _fsync(folder):
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
