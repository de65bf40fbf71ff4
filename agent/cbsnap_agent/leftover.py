"""The guard of an agent that is gone: found by a lock that ends with its process, and ended.

One that was stopped would otherwise wake up one day and thaw what a later lease has frozen.
"""

import contextlib
import fcntl
import os
import signal
import time

from . import kernel

ENDS_WITHIN_S = 10  # it undoes what it holds, `post` included; what it leaves is on the list of what is owed
_POLL_S = 0.01
_FILE = "guard"


def note_this(runtime_dir):
    """Note the running process as the guard. Return what must stay open as long as it is that."""
    noted = open(os.path.join(runtime_dir, _FILE), "a+")  # noqa: SIM115 - held to the end
    fcntl.lockf(noted, fcntl.LOCK_EX | fcntl.LOCK_NB)  # unlike flock's, no child inherits it
    noted.truncate(0)
    noted.write(str(os.getpid()))
    noted.flush()
    return noted


def end(runtime_dir, limit_s=ENDS_WITHIN_S):
    """Have the guard end that an earlier agent left, if there is one; kill it if it does not."""
    try:
        noted = open(os.path.join(runtime_dir, _FILE), "r+")  # noqa: SIM115 - closed by the with below
    except FileNotFoundError:
        return
    with noted:
        end_s = kernel.boottime_s() + limit_s
        while not _is_free(noted):
            _signal(noted, signal.SIGKILL if kernel.boottime_s() >= end_s else signal.SIGCONT)
            time.sleep(_POLL_S)


def _signal(noted, number):
    noted.seek(0)
    pid = noted.read()
    if pid.isdigit() and int(pid) > 1:  # it is written a moment after the lock was taken
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), number)


def _is_free(noted):
    try:
        fcntl.lockf(noted, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
