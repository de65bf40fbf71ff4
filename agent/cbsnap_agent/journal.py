"""The host's journal: the records of ended leases, for 24 hours or 1,000 of them, in the runtime directory.

It is answered from memory: a full directory costs a restarted agent the record, and nobody else anything.
The directory is in tmpfs, so that an image's clone does not inherit leases; records of another boot are
dropped when found.
"""

import collections
import contextlib
import json
import os
import threading
import time

from . import kernel, plainfile

KEPT = 1000
KEPT_S = 24 * 3600
_ASKED = {"boot_id": str, "operation": str, "answered": dict}  # what records are found by, and their proof


class Journal:
    """Records by lease id, oldest first; each also in a file of its own, for a restarted agent."""

    def __init__(self, runtime_dir, clock=time.time):
        self._folder = os.path.join(runtime_dir, "journal")
        self._clock = clock
        self._lock = threading.Lock()
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        self._entries = collections.OrderedDict(self._load())

    def put(self, record, ended_s=None):
        """Keep a record, in place of an earlier one of the same lease, which keeps its time."""
        with self._lock:
            entry = {"ended_s": self._clock() if ended_s is None else ended_s, "record": record}
            lease_id = record["lease_id"]
            entry["ended_s"] = self._entries.get(lease_id, entry)["ended_s"]
            self._entries[lease_id] = entry
            with contextlib.suppress(OSError):
                self._write(lease_id, entry)
            self._forget()

    def find(self, lease_id):
        """Return the record of a lease, None if it is not known."""
        with self._lock:
            entry = self._entries.get(lease_id)
            return entry and entry["record"]

    def of_operation(self, operation):
        """Return the records of an operation, oldest first."""
        return [record for record in self._records() if record["operation"] == operation]

    def of_snapshot(self, snapshot_id):
        """Return the records whose release carried this snapshot, oldest first."""
        return [record for record in self._records() if snapshot_id in record["answered"].values()]

    def _records(self):
        with self._lock:
            return [entry["record"] for entry in self._entries.values()]

    def _load(self):
        found = []
        for name in os.listdir(self._folder):
            entry = _entry(os.path.join(self._folder, name))
            if entry and entry["record"]["boot_id"] == kernel.boot_id():
                found.append((entry["record"]["lease_id"], entry))
            else:
                with contextlib.suppress(OSError):  # no file of ours
                    os.unlink(os.path.join(self._folder, name))
        return sorted(found, key=lambda item: item[1]["ended_s"])

    def _forget(self):
        while self._entries:
            lease_id, entry = next(iter(self._entries.items()))
            if len(self._entries) <= KEPT and entry["ended_s"] > self._clock() - KEPT_S:
                return
            del self._entries[lease_id]
            _unlink(self._path(lease_id))

    def _write(self, lease_id, entry):
        partial = self._path(lease_id) + ".partial"
        try:
            with open(partial, "w") as target:
                json.dump(entry, target)
            os.rename(partial, self._path(lease_id))
        except OSError:
            _unlink(partial)  # what there is no room for must not take room
            raise

    def _path(self, lease_id):
        return os.path.join(self._folder, lease_id)


def _unlink(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _entry(path):
    """Return an entry, None for a file that is none, or whose writing was cut short."""
    try:
        entry, _ = plainfile.load(path)
    except (OSError, ValueError):
        return None
    return entry if _is_entry(entry, os.path.basename(path)) else None


def _is_entry(entry, name):
    if not isinstance(entry, dict) or not isinstance(entry.get("ended_s"), (int, float)):
        return False
    record = entry.get("record")
    return (
        isinstance(record, dict)
        and record.get("lease_id") == name
        and all(isinstance(record.get(each), kind) for each, kind in _ASKED.items())
    )
