"""The second line: the list, in /run, of what is frozen or begun and must be undone.

One small file an action, in the order in which they were begun. Whoever finds the list with nobody in charge
(the agent when its guard has died, the agent's start, the next lease, the service manager's stop hook, a
person with `thaw-all`) undoes what is on it, last first. It must lie on a filesystem that is never frozen.

An entry is trusted as far as the user who wrote it: root, reading an entry of another user's, runs its
command as that user, and mounts nothing for it.
"""

import contextlib
import errno
import json
import os
import threading

from . import actions, kernel, plainfile

_MOMENT_S = 0.3  # a thaw takes less than a thousandth of this


class OwedList:
    """The list in one runtime directory; `owner` keeps the entries of two leases apart."""

    def __init__(self, runtime_dir, owner="", boot=None):
        self._folder = os.path.join(runtime_dir, "owed")
        self._owner = owner
        self._boot = boot or kernel.boot_id()

    def add(self, index, spec):
        """Note an action before it is begun."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        entry = dict(spec, boot=self._boot)
        entry.pop("fd", None)
        partial = self._path(index) + ".partial"
        with open(partial, "w") as target:
            json.dump(entry, target)
        os.rename(partial, self._path(index))

    def strike(self, index):
        """Take an action off the list."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(index))

    def has(self, index):
        """Tell whether an action is on the list: one that is not has been undone."""
        return os.path.exists(self._path(index))

    def listed(self):
        """Return the specs on the list, of all leases, last first."""
        with self._opened() as folder:
            return [spec for _, spec in _entries(folder)]

    def undo_all(self, kinds=("freeze", "unmount", "command", "service")):
        """Undo everything of these kinds on the list, last first, and strike what is settled.

        Returns [(spec, status)]: 0, an errno, or a command's exit status. Entries of an earlier boot are
        dropped unseen: their freezes ended with it. A thaw that fails with anything but EINVAL stays listed.
        One that hangs, behind a freeze that is still in flight, waits while the others are undone; ETIMEDOUT
        means that it still does, and goes on.
        """
        with self._opened() as folder:
            listed = [(name, spec) for name, spec in _entries(folder) if spec["kind"] in kinds]
            undoing = [_Undoing(self._undo, folder, name, spec) for name, spec in listed]
            return [(one.spec, one.outcome()) for one in undoing]

    def _undo(self, folder, name, spec):
        action = actions.from_spec(spec)
        status = action.undo() if spec["boot"] == self._boot else 0
        if action.is_settled(status):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
        return status

    @contextlib.contextmanager
    def _opened(self):
        """Open the list's own folder, never what a link points to; None if there is none."""
        try:
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            yield None
            return
        try:
            yield folder
        finally:
            os.close(folder)

    def _path(self, index):
        return os.path.join(self._folder, "{}-{:03d}.json".format(self._owner, index))


class _Undoing:
    """One entry being undone, in a thread that is waited for as long as such a thing should take."""

    def __init__(self, undo, folder, name, spec):
        self.spec = spec
        self._status = errno.ETIMEDOUT
        opened = os.dup(folder)  # its own: the thread may outlive the caller's
        self._thread = threading.Thread(target=self._run, args=(undo, opened, name), daemon=True)
        self._thread.start()
        self._thread.join(spec.get("timeout_s", 0) + _MOMENT_S)

    def outcome(self):
        """Return the status, ETIMEDOUT while there is none."""
        self._thread.join(_MOMENT_S)
        return self._status

    def _run(self, undo, folder, name):
        try:
            self._status = undo(folder, name, self.spec)
        finally:
            os.close(folder)


def _entries(folder):
    names = [] if folder is None else os.listdir(folder)
    found = [(name, _read(folder, name)) for name in sorted(names, reverse=True) if name.endswith(".json")]
    return [(name, spec) for name, spec in found if spec]


def _read(folder, name):
    """Return an entry's spec, with the user that it may be undone as; None for what is no entry of ours."""
    try:
        spec, written = plainfile.load(name, folder)
    except (OSError, ValueError):
        return None
    is_ours = written.st_nlink == 1 and actions.is_spec(spec) and isinstance(spec.get("boot"), str)
    if not is_ours or not actions.may_undo(spec["kind"], written.st_uid):
        return None
    return dict(spec, run_as=[written.st_uid, written.st_gid])
