"""What outlives the process that did it, and how it is undone: frozen filesystems and commands of the host.

Each action can be applied (in a child of the guard, because it may hang), undone (by the guard, by the
agent once the guard has died, or by `thaw-all`), and written down so that any of these can find it.
"""

import contextlib
import errno
import os
import signal
import time

from . import kernel, mounts

NOT_FROZEN = errno.EINVAL
_CANNOT_RUN = 127


class Freeze:
    """A filesystem to freeze: spec {kind: freeze, mount, device: "major:minor", fd?}."""

    undo_takes_long = False

    def __init__(self, spec):
        self.spec = spec
        self.fd = spec.get("fd")

    def apply(self):
        """Freeze, in a child; thaw again if the guard died meanwhile. Return 0 or the errno."""
        guard = os.getppid()
        try:
            kernel.freeze(self.fd)
        except OSError as error:
            return error.errno
        if os.getppid() != guard:
            kernel.thaw(self.fd)
        return 0

    def keeps_entry(self, status):
        """Tell whether a child that ended so may have left something to undo."""
        return status == 0 or status < 0

    def is_settled(self, status):
        """Tell whether an undoing that ended so need not be tried again."""
        return status in (0, NOT_FROZEN, errno.ENODEV)

    def interrupt(self, pid):
        """Do nothing: a freeze in flight cannot be stopped, only waited for."""

    def undo(self):
        """Thaw. Return 0 or the errno."""
        try:
            self.fd = mounts.open_mount(self.spec) if self.fd is None else self.fd
            kernel.thaw(self.fd)
        except OSError as error:
            return error.errno
        return 0


class Command:
    """A command of the plan: spec {kind: command, pre: argv, post: argv, environment, timeout_s, output}."""

    undo_takes_long = True

    def __init__(self, spec):
        self.spec = spec

    def apply(self):
        """Become the `pre` command; only returns when it cannot be run."""
        return self._become(self.spec["pre"])

    def keeps_entry(self, _status):
        """Tell that `post` is owed whatever `pre` did."""
        return True

    def is_settled(self, _status):
        """Tell that `post` is run once."""
        return True

    def interrupt(self, pid):
        """Kill `pre` and what it started."""
        _kill_group(pid)

    def undo(self):
        """Run `post` for `timeout_s` at most. Return its exit status, ETIMEDOUT for one that was killed."""
        if not self.spec["post"]:
            return 0
        pid = os.fork()
        if pid == 0:
            os._exit(self._become(self.spec["post"]))
        return _wait(pid, self.spec["timeout_s"])

    def _become(self, argv):
        try:
            leave_the_guard()
            output = os.open(self.spec["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.execve(argv[0], argv, self.spec["environment"])  # noqa: S606 - the host's own configuration
        except OSError:
            return _CANNOT_RUN


def leave_the_guard():
    """Give up, in a child, what only the guard should have: its signals, its session, its place in memory."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("0")
    except OSError:
        pass  # best effort, as it was when the guard asked for it


def from_spec(spec):
    """Return the action that a spec describes."""
    return {"freeze": Freeze, "command": Command}[spec["kind"]](spec)


def _wait(pid, timeout_s):
    end = kernel.boottime_s() + timeout_s
    while kernel.boottime_s() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return exit_status(status)
        time.sleep(0.002)
    _kill_group(pid)
    os.waitpid(pid, 0)
    return errno.ETIMEDOUT


def exit_status(status):
    """Return a wait status as an exit code, negative for a signal."""
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)


def _kill_group(pid):
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):  # no group yet, or gone
            kill(pid, signal.SIGKILL)
