"""What the agent says: one JSON line an event, on standard error, where the service manager keeps it.

While anything is held, lines wait in memory: whoever keeps them may write to a frozen filesystem, and would
then never take the next one from us.
"""

import collections
import contextlib
import json
import sys
import threading
import time

_KEPT = 10000


class Log:
    """Lines in order of their writing; `quiet` is an event that is set while nothing is held."""

    def __init__(self, quiet, target=None):
        self._quiet = quiet
        self._target = target or sys.stderr
        self._lines = collections.deque(maxlen=_KEPT)
        self._news = threading.Event()
        self._lock = threading.Lock()

    def start(self):
        """Write from now on, in a thread of its own."""
        threading.Thread(target=self._run, daemon=True).start()

    def write(self, event, **fields):
        """Add a line; returns at once. Fields with None are left out."""
        known = {name: value for name, value in fields.items() if value is not None}
        self._lines.append(json.dumps(dict(known, event=event, time=round(time.time(), 3)), sort_keys=True))
        self._news.set()

    def flush(self):
        """Write what waits."""
        with self._lock, contextlib.suppress(OSError):  # no room: what waits, waits for the next line
            while self._lines:
                self._target.write(self._lines[0] + "\n")
                self._lines.popleft()
            self._target.flush()

    def _run(self):
        while True:
            self._news.wait()
            self._quiet.wait()
            self._news.clear()
            self.flush()
