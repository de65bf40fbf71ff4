"""How far a folder reaches: through the links in it and the mounts below it, to wherever its files lie.

An engine says where its data are; a linked folder or a filesystem mounted inside takes a part of them
elsewhere. What could not be looked into is said: whatever lies there is not known to be held.
"""

import errno
import os

from . import kernel, mounts

LOOK_LIMIT_S = 2
_LEADS_NOWHERE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)


def look(places, table):
    """Return (real paths that lie under the places, what could not be looked into)."""
    end_s = kernel.boottime_s() + LOOK_LIMIT_S
    found, unseen, waiting, walked = [], [], list(places), []
    while waiting:
        path = os.path.realpath(waiting.pop(0))
        if any(mounts.within(path, one) for one in walked):
            continue
        walked.append(path)
        found += [path] + [mount.point for mount in mounts.below(path, table)]
        for target, problem in _links(path, end_s):
            (unseen if problem else waiting).append(problem or target)
    return found, unseen


def _links(path, end_s):
    """Yield (target, None) for each link under a path, (None, problem) for what could not be seen."""
    folders = [path] if os.path.isdir(path) else []
    while folders:
        folder = folders.pop()
        if kernel.boottime_s() >= end_s:
            yield None, "{} could not be looked through in {} s".format(path, LOOK_LIMIT_S)
            return
        try:
            with os.scandir(folder) as entries:
                listed = list(entries)
        except OSError as error:
            yield None, "{} could not be looked into: {}".format(folder, error.strerror)
            continue
        for entry in listed:
            if entry.is_symlink():
                yield from _target(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)


def _target(link):
    """Yield where a link leads, if anywhere: one to nothing has no data behind it."""
    try:
        os.stat(link)
    except OSError as error:
        if error.errno not in _LEADS_NOWHERE:
            yield None, "{} could not be followed: {}".format(link, error.strerror)
    else:
        yield link, None
