"""The key file: the host's keys by version, read again when it changes, so that one can be replaced any time.

Lines of `<version> <64 hexadecimal characters>`, # comments; every key in it is valid.
"""

import os
import re
import stat

_KEY = re.compile(r"^[0-9a-f]{64}$")
_WORDS = 2


class KeyFile:
    """The keys of one file."""

    def __init__(self, path):
        self.path = path
        self._state = None
        self._keys = {}

    def load(self):
        """Read the file; raises ValueError, which never shows a key, and then keeps what it had."""
        try:
            found = os.stat(self.path)
            with open(self.path) as source:
                lines = source.read().splitlines()
        except OSError as error:
            raise ValueError("{}: {}".format(self.path, error.strerror)) from error
        if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError("{} can be read by others; chmod 600 it".format(self.path))
        self._keys = _parse(lines, self.path)
        self._state = _state(found)

    def current(self):
        """Return {version: key} as the file says now; of a file that cannot be used, as it said before."""
        try:
            if _state(os.stat(self.path)) != self._state:
                self.load()
        except (OSError, ValueError):
            return self._keys
        return self._keys


def _state(found):
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode


def _parse(lines, path):
    keys = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != _WORDS or not _KEY.match(words[1]):
            raise ValueError("{}:{}: wants `<version> <64 hexadecimal characters>`".format(path, number))
        keys[words[0]] = words[1]
    if not keys:
        raise ValueError("{} holds no key".format(path))
    return keys
