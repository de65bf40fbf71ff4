"""Markers: two small files on each volume that tell a reader of its snapshot when it was cut.

`.cbsnap-pre` is written while everything is locked, `.cbsnap-post` once nothing is. A snapshot whose `pre`
names a lease that its `post` does not name was cut inside that lease. They are plain files, because a server
takes a folder in its data directory for a database, and are overwritten in place, because the agent may own
them where it could not make them.
"""

import errno
import json
import os
import stat

from . import kernel, plainfile

NAMES = ("pre", "post")
_BLOCK_BYTES = 4096  # one write of a whole block is never seen half


def path(place, name):
    """Return where a marker (`pre` or `post`) of a volume lies."""
    return os.path.join(place, ".cbsnap-" + name)


def post(lease_id):
    """Return the record of a `post` marker."""
    return {"lease_id": lease_id, "boot_id": kernel.boot_id()}


def verdict(place, lease_id=None):
    """Tell when the copy that a place is in was cut: (`inside`, `late` or `unknown`, `pre` marker or None).

    `inside`: after a lease's lock and before its end; `late`: after its end. With a lease id, of that lease.
    """
    try:
        pre, post = (_read(place, name) for name in NAMES)
    except (OSError, ValueError):
        return "unknown", None
    if pre is None or (lease_id and pre["lease_id"] != lease_id):
        return "unknown", pre
    is_late = post is not None and post["lease_id"] == pre["lease_id"]
    return "late" if is_late else "inside", pre


def cut(place, run):
    """Tell when a copy was cut, by the lease of a run (`orders@20261122T0200Z`): as `verdict`.

    `unknown` where the markers are of another run's lease: nothing was held for this one, or not marked.
    """
    found, pre = verdict(place)
    runs = str((pre or {}).get("operation", "")).partition("/")[0].split("+")  # one lease may be for several
    return found if run in [one.partition("#")[0] for one in runs] else "unknown"


def create(place):
    """Make both markers, empty; return their paths. Raises OSError."""
    for name in NAMES:
        os.close(_open(place, name))
    return [path(place, name) for name in NAMES]


def probe(place):
    """Write into a volume; return 0 or the errno. On a frozen filesystem it never returns."""
    try:
        fd = _open(place, "pre")
        try:
            os.utime(fd)
        finally:
            os.close(fd)
    except OSError as error:
        return error.errno
    return 0


def write(place, name, record, durable):
    """Write a marker; raises OSError. `durable` brings it to the disk: a late cut must find `post`."""
    content = json.dumps(record, sort_keys=True).encode()
    content += b" " * (-len(content) % _BLOCK_BYTES)
    fd = _open(place, name)
    try:
        os.pwrite(fd, content, 0)
        os.ftruncate(fd, len(content))
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)
    if durable:
        _fsync(place)


def _open(place, name):
    """Open for writing; raises OSError for what is not a plain file of that one name.

    The folder may be somebody else's, who could have put a link there to be written through.
    """
    how = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(path(place, name), how, 0o600)
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(fd)
        raise PermissionError(errno.EACCES, "the marker is no plain file", path(place, name))
    return fd


def _read(place, name):
    """Return a marker, None for one that was never written; raises OSError or ValueError for what is none."""
    try:
        marker, _ = plainfile.load(path(place, name))
    except FileNotFoundError:
        return None
    if marker is not None and not (isinstance(marker, dict) and isinstance(marker.get("lease_id"), str)):
        raise ValueError("the marker {} is of another form".format(path(place, name)))
    return marker


def _fsync(folder):
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
