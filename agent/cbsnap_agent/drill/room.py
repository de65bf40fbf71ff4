"""Where a drill's data lie, and how a server of it is run: as their owner, heard by nobody."""

import contextlib
import os
import subprocess
import time

from cbsnap_agent import kernel
from cbsnap_agent.plan import CLEAN_ENVIRONMENT

from . import Broken, Unable

_DEEPEST = 3
_POLL_S = 0.1
_END_LIMIT_S = 10


class Room:
    """The mounted clones and a folder for what a drill makes itself."""

    def __init__(self, folder, roots):
        self.folder = folder
        self.roots = roots

    def data(self, wanted, *marks):
        """Return the folder that a path means in the clones; without one, the only one that holds a mark."""
        if wanted:
            found = [path for path in self._meant(wanted) if os.path.isdir(path)]
        else:
            found = [path for root in self.roots for path in _holding(root, marks, _DEEPEST)]
        if len(found) != 1:
            what = wanted or "a folder with " + " or ".join(marks)
            raise Broken("the clones hold {} {}".format(len(found) or "no", what))
        return found[0]

    def files(self, wanted):
        """Return the files that a path means in the clones."""
        return [path for path in self._meant(wanted) if os.path.isfile(path)]

    def own(self, name, like):
        """Make a folder of the drill's own that belongs to whom something else does."""
        path = os.path.join(self.folder, name)
        os.mkdir(path, 0o700)
        owner = os.stat(like)
        os.chown(path, owner.st_uid, owner.st_gid)
        return path

    def _meant(self, wanted):
        return [wanted] if os.path.isabs(wanted) else [os.path.join(root, wanted) for root in self.roots]


def _holding(folder, marks, deeper):
    if any(os.path.exists(os.path.join(folder, mark)) for mark in marks):
        return [folder]
    if not deeper:
        return []
    below = [entry.path for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
    return [path for one in sorted(below) for path in _holding(one, marks, deeper - 1)]


@contextlib.contextmanager
def serving(command, data, log, answers, limit_s):
    """Run a server as the owner of its data until the context is left.

    Raises Broken, with the end of its log, for one that ends, or does not answer in time.
    """
    with open(log, "wb") as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - the host's own server
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=CLEAN_ENVIRONMENT,
                preexec_fn=becoming(data),  # noqa: PLW1509 - there are no threads here
            )
        except OSError as error:
            raise Unable("{}: {}".format(command[0], error.strerror)) from error
    try:
        _wait(process, answers, log, limit_s)
        yield process
    finally:
        process.kill()
        process.wait(_END_LIMIT_S)


def becoming(data):
    """Return what makes a new process the owner of something."""
    owner = os.stat(data)

    def become():
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)

    return become


def said(command, data, limit_s, what):
    """Run a checking command as the owner of the data; return its output. Raises Broken when it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - the host's own
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=CLEAN_ENVIRONMENT,
            timeout=limit_s,
            check=False,
            preexec_fn=becoming(data),
        )
    except OSError as error:
        raise Unable("{}: {}".format(command[0], error.strerror)) from error
    except subprocess.TimeoutExpired as error:
        raise Unable("{} took longer than {:.0f} s".format(what, limit_s)) from error
    output = done.stdout.decode(errors="replace")
    if done.returncode:
        raise Broken("{} ended with {}: {}".format(what, done.returncode, tail(output)))
    return output


def tail(text, lines=3):
    """Return the last lines of a text, in one."""
    return " / ".join(line.strip() for line in text.strip().splitlines()[-lines:])


def _wait(process, answers, log, limit_s):
    end = kernel.boottime_s() + limit_s
    while not answers():
        if process.poll() is not None:
            raise Broken("it ended with {}: {}".format(process.returncode, tail(read(log))))
        if kernel.boottime_s() > end:
            raise Broken("it did not answer within {:.0f} s: {}".format(limit_s, tail(read(log))))
        time.sleep(_POLL_S)


def read(path):
    """Return the text of a log."""
    with open(path, errors="replace") as source:
        return source.read()
