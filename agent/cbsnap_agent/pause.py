"""A pause: a file in the runtime directory that makes the host refuse leases, until it is taken away.

It works whether the agent runs or not, at once, and ends with the boot.
"""

import contextlib
import os


class Pause:
    """The pause of one host."""

    def __init__(self, runtime_dir):
        self._path = os.path.join(runtime_dir, "paused")

    def set(self, reason):
        """Refuse leases from now on, with this reason."""
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
        with open(self._path, "w") as target:
            target.write(reason)
        os.chmod(self._path, 0o644)  # root sets it, and the agent's user must see it

    def end(self):
        """Give leases again."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def reason(self):
        """Return the reason of a pause, None when there is none."""
        try:
            with open(self._path) as source:
                return source.read() or "no reason given"
        except FileNotFoundError:
            return None
