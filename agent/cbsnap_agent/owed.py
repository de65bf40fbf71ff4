"""The second line: the list, in /run, of what is frozen or begun and must be undone.

One small file an action, in the order in which they were begun. Whoever finds the list with nobody in charge
(the agent when its guard has died, the agent's start, the service manager's stop hook, a person with
`thaw-all`) undoes what is on it, last first. The list must lie on a filesystem that is never frozen.
"""

import contextlib
import errno
import json
import os
import threading

from . import actions, kernel

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
        _unlink(self._path(index))

    def has(self, index):
        """Tell whether an action is on the list: one that is not has been undone."""
        return os.path.exists(self._path(index))

    def undo_all(self, kinds=("freeze", "unmount", "command")):
        """Undo everything of these kinds on the list, last first, and strike it.

        Returns [(spec, status)]: 0, an errno, or a command's exit status. Entries of an earlier boot are
        dropped unseen: their freezes ended with it. A thaw that fails with anything but EINVAL stays listed.
        One that hangs, behind a freeze that is still in flight, waits while the others are undone; ETIMEDOUT
        means that it still does, and goes on.
        """
        listed = [(name, self._read(name)) for name in self._names()]
        undoing = [_Undoing(self._undo, name, spec) for name, spec in listed if spec["kind"] in kinds]
        return [(one.spec, one.outcome()) for one in undoing]

    def _names(self):
        names = os.listdir(self._folder) if os.path.isdir(self._folder) else []
        return sorted((name for name in names if name.endswith(".json")), reverse=True)

    def _read(self, name):
        with open(os.path.join(self._folder, name)) as source:
            return json.load(source)

    def _undo(self, name, spec):
        action = actions.from_spec(spec)
        status = action.undo() if spec["boot"] == self._boot else 0
        if action.is_settled(status):
            _unlink(os.path.join(self._folder, name))
        return status

    def _path(self, index):
        return os.path.join(self._folder, "{}-{:03d}.json".format(self._owner, index))


class _Undoing:
    """One entry being undone, in a thread that is waited for as long as such a thing should take."""

    def __init__(self, undo, name, spec):
        self.spec = spec
        self._status = errno.ETIMEDOUT
        self._thread = threading.Thread(target=self._run, args=(undo, name), daemon=True)
        self._thread.start()
        self._thread.join(spec.get("timeout_s", 0) + _MOMENT_S)

    def outcome(self):
        self._thread.join(_MOMENT_S)
        return self._status

    def _run(self, undo, name):
        self._status = undo(name, self.spec)


def _unlink(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
