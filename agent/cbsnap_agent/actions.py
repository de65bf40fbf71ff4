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
_BY_SIGNAL = range(129, 193)  # how a shell says it, and we: 128 and the signal's number
HELD_BACK = 128  # not begun: something else must be undone first, or its user could not be become
_ANYBODYS = ("freeze", "command")  # what may be undone for whoever wrote it: see `may_undo`
_UMOUNT, _MOUNT = "/bin/umount", "/bin/mount"


class Freeze:
    """A filesystem to freeze: spec {kind: freeze, mount, device: "major:minor", fd?}."""

    undo_takes_long = False
    in_guard = False

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
    in_guard = False

    def __init__(self, spec):
        self.spec = spec

    def apply(self):
        """Become the `pre` command, which ends with the guard; only returns when it cannot be run."""
        kernel.die_with_parent()
        return _become(self.spec["pre"], self.spec)

    def keeps_entry(self, _status):
        """Tell that `post` is owed whatever `pre` did."""
        return True

    def is_settled(self, status):
        """Tell whether `post` came to an end of its own: killed, or not begun, it stays owed."""
        return status != HELD_BACK and status not in _BY_SIGNAL

    def interrupt(self, pid):
        """Kill `pre` and what it started."""
        _kill_group(pid)

    def undo(self):
        """Run `post` for `timeout_s` at most. Return its exit status, 128 and the signal if it was killed."""
        if not self.spec["post"]:
            return 0
        return _run(self.spec["post"], self.spec)


class Service(Command):
    """A service to stop: spec as a command's, {kind: service, mounts: [{mount, source}]} besides."""

    def undo(self):
        """Start it, unless what it writes to is not mounted: it would write beneath the mount point."""
        if not all(_is_mounted(mount) for mount in self.spec["mounts"]):
            return HELD_BACK
        return super().undo()


class Unmount:
    """A filesystem to unmount: spec {kind: unmount, mount, source, fstype, options, timeout_s, …}."""

    undo_takes_long = True
    in_guard = False

    def __init__(self, spec):
        self.spec = spec

    def apply(self):
        """Become `umount`; only returns when it cannot be run."""
        return _become([_UMOUNT, self.spec["mount"]], self.spec)

    def keeps_entry(self, status):
        """Tell whether it may be unmounted: unless `umount` said that it is not."""
        return status <= 0

    def is_settled(self, status):
        """Tell whether it is mounted; if not, it stays on the list for the next who looks."""
        return status == 0

    def interrupt(self, pid):
        """Do nothing: what `umount` has begun ends."""

    def undo(self):
        """Mount it where and as it was, unless it is. Return 0 or the exit status of `mount`."""
        spec = self.spec
        if _is_mounted(spec):
            return 0
        how = ["-t", spec["fstype"], "-o", spec["options"]]
        return _run([_MOUNT, *how, spec["source"], spec["mount"]], spec)


class Exclusive:
    """A device to hold open alone: spec {kind: exclusive, source}. It proves that it is mounted nowhere.

    Inside a mount namespace of its own, `umount` says 0 while the host keeps the mount.
    """

    undo_takes_long = False
    in_guard = True  # the descriptor must outlive the agent, and be closed before anything is mounted again

    def __init__(self, spec):
        self.spec = spec
        self._fd = None

    def apply(self):
        """Open it. Return 0 or the errno."""
        try:
            self._fd = os.open(self.spec["source"], os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC)
        except OSError as error:
            return error.errno
        return 0

    def keeps_entry(self, status):
        """Tell whether it is open."""
        return status == 0

    def is_settled(self, _status):
        """Tell that a closed descriptor stays closed."""
        return True

    def undo(self):
        """Close it; in a process that never opened it there is nothing to do."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        return 0


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
    return _KINDS[spec["kind"]](spec)


def is_spec(value):
    """Tell whether a value, read from a file, is the spec of an action that can be undone."""
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        return False
    fields = _FIELDS.get(value["kind"])
    return bool(fields) and all(isinstance(value.get(name), kind) for name, kind in fields.items())


def may_undo(kind, writer_uid):
    """Tell whether an entry may be undone that this user wrote: root does not mount or start for another."""
    return kind in _KINDS and (writer_uid == os.geteuid() or kind in _ANYBODYS)


def exit_status(status):
    """Return a wait status as an exit code, negative for a signal."""
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)


def _is_mounted(spec):
    return any((one.point, one.source) == (spec["mount"], spec["source"]) for one in mounts.read())


def _become(argv, spec):
    try:
        _become_user(*spec.get("run_as", (os.geteuid(), os.getegid())))
    except OSError:
        return HELD_BACK
    try:
        leave_the_guard()
        output = os.open(spec["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.execve(argv[0], argv, spec["environment"])  # noqa: S606 - the host's own configuration
    except Exception:  # noqa: BLE001 - whatever it was: a child must not go on as its parent
        return _CANNOT_RUN


def _become_user(uid, gid):
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def _run(argv, spec):
    """Run a command, for `timeout_s` at most; return its exit status, 128 and the signal if it was killed."""
    pid = os.fork()
    if pid == 0:
        os._exit(_become(argv, spec))
    return _wait(pid, spec["timeout_s"])


def _wait(pid, timeout_s):
    end = kernel.boottime_s() + timeout_s
    while kernel.boottime_s() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return _as_shell(exit_status(status))
        time.sleep(0.002)
    _kill_group(pid)
    return _as_shell(exit_status(os.waitpid(pid, 0)[1]))


def _as_shell(status):
    return 128 - status if status < 0 else status


def _kill_group(pid):
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):  # no group yet, or gone
            kill(pid, signal.SIGKILL)


_KINDS = {
    "freeze": Freeze,
    "command": Command,
    "service": Service,
    "unmount": Unmount,
    "exclusive": Exclusive,
}
_RUN = {"environment": dict, "timeout_s": (int, float), "output": str}  # what running a command needs
_FIELDS = {
    "freeze": {"mount": str, "device": str},
    "command": dict(_RUN, pre=list, post=list),
    "service": dict(_RUN, pre=list, post=list, mounts=list),
    "unmount": dict(_RUN, mount=str, source=str, fstype=str, options=str),
}
