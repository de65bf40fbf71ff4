"""Reading small JSON files that somebody else may have put there: plain, bounded, and never waited for.

A pipe would keep the reader for ever, a link lead it elsewhere. What values mean is the caller's business.
"""

import json
import os
import stat

MOST_BYTES = 1 << 20
_HOW = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def load(path, dir_fd=None):
    """Return (value, stat) of a file, (None, stat) of an empty one.

    Raises OSError for what is no plain file, ValueError for what is no JSON of a bounded size and depth.
    """
    with open(os.open(path, _HOW, dir_fd=dir_fd), "rb") as source:
        found = os.fstat(source.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError("{} is no plain file".format(path))
        content = source.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError("{} is larger than {} bytes".format(path, MOST_BYTES))
    try:
        return (json.loads(content.decode()) if content else None), found
    except RecursionError as error:
        raise ValueError("{} is nested too deeply".format(path)) from error
