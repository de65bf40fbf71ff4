"""Markers: two small files on each volume that tell a reader of its snapshot when it was cut.

The folder must be the agent's alone: whoever owns the data could put links there, to be written through.
`pre` is written while everything is locked, `post` once nothing is. A snapshot whose `pre` names a lease that
its `post` does not name was cut inside that lease.
"""

import contextlib
import errno
import json
import os
import stat

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
        with _opened(place) as folder:
            os.close(_new(folder, "pre.partial"))
    except OSError as error:
        return error.errno
    return 0


def write(place, name, record, durable):
    """Write a marker (`pre` or `post`) under a volume's place, whole or not at all; raises OSError.

    `durable` brings it to the disk at once: a cut that comes late must find `post`.
    """
    partial = name + ".partial"
    with _opened(place) as folder:
        with open(_new(folder, partial), "w") as target:
            json.dump(record, target, sort_keys=True)
            target.flush()
            if durable:
                os.fsync(target.fileno())
        os.rename(partial, name, src_dir_fd=folder, dst_dir_fd=folder)
        if durable:
            os.fsync(folder)


def _read(place, name):
    try:
        with open(os.path.join(place, FOLDER, name)) as source:
            return json.load(source)
    except (OSError, ValueError):
        return None


@contextlib.contextmanager
def _opened(place):
    """Make and open a place's folder; raises OSError for a link, and for what others may write to."""
    path = os.path.join(place, FOLDER)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(folder)
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(errno.EACCES, "the folder is not the agent's alone", path)
        yield folder
    finally:
        os.close(folder)


def _new(folder, name):
    """Open a file that was not there a moment ago."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(name, how, 0o644, dir_fd=folder)
