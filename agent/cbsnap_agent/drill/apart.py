"""A drill's own mounts, processes and (absent) network, which the kernel takes away with its first process.

    the command ── keeper ── first process of the namespaces ── servers, checks, the host's command

Each dies with the one before it, whatever killed that, and the mounts and the work folder, a tmpfs, with the
last. Nothing of a drill can reach the network: a cloned replica does not find its primary.
"""

import contextlib
import fcntl
import json
import os
import signal
import subprocess

from cbsnap_agent import kernel

from . import Unable
from .checks import unfinished

FOLDER = "/run/cbsnap-drill"
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_CHUNK = 65536


@contextlib.contextmanager
def alone(folder=FOLDER):
    """Let one drill at a time run on this host. Raises Unable while another does, or for who may not."""
    if not kernel.may_administer():
        raise Unable("a drill mounts: run it as root")
    os.makedirs(folder, mode=0o711, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unable("another drill runs on this host") from error
        yield


def run(work, folder=FOLDER):
    """Return the report that `work(folder)` gives, in namespaces; the folder is its own, empty."""
    read_end, write_end = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        os.close(read_end)
        _leave(lambda: _keep(work, folder, write_end))
    os.close(write_end)
    try:
        with _ended_by_signals():
            said = b"".join(iter(lambda: os.read(read_end, _CHUNK), b""))
    finally:
        os.close(read_end)
        os.kill(keeper, signal.SIGKILL)
        os.waitpid(keeper, 0)
    return json.loads(said.decode()) if said else unfinished("the drill was killed")


def _keep(work, folder, write_end):
    """Make the namespaces, and wait for their first process."""
    kernel.die_with_parent()
    kernel.unshare()
    first = os.fork()
    if first == 0:
        _leave(lambda: _first(work, folder, write_end))
    os.close(write_end)
    os.waitpid(first, 0)


def _first(work, folder, write_end):
    kernel.die_with_parent()
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    try:
        mount("--make-rprivate", "/")
        mount("-t", "tmpfs", "-o", "mode=0711,nosuid,nodev", "cbsnap-drill", folder)
        found = work(folder)
    except Unable as error:
        found = unfinished(str(error))
    except Exception as error:  # noqa: BLE001 - what was not foreseen says nothing of the snapshot either
        found = unfinished("{}: {}".format(type(error).__name__, error))
    os.write(write_end, json.dumps(found).encode())


def mount(*arguments):
    """Mount; raises Unable with what the command says."""
    said = subprocess.run(  # noqa: S603 - the host's own command
        ["/bin/mount", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if said.returncode:
        raise Unable("mount {}: {}".format(" ".join(arguments), said.stdout.decode(errors="replace").strip()))


def _leave(function):
    """Run the rest of a forked process; nothing of its parent's is gone through on the way out."""
    try:
        function()
    finally:
        os._exit(0)


@contextlib.contextmanager
def _ended_by_signals():
    """Have signals that mean an end raise it, so that what was begun is ended."""
    before = {number: signal.signal(number, _end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number, _frame):
    raise Unable("the drill was ended by signal {}".format(number))
