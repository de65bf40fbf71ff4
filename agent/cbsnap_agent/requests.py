"""The bodies of requests: parsed once, refused by field. Unknown fields are refused as well."""

import re
from typing import List, NamedTuple

from .errors import Refusal
from .lease import MAX_TTL_S

MAX_BUDGET_MS = 600000
_MAX_DISKS = 64


class LeaseWanted(NamedTuple):
    """A lease as its holder wants it; all must be held within `budget_s`."""

    lease_id: str
    operation: str
    plan: str
    disks: List[str]
    ttl_s: float
    budget_s: float


def lease(body):
    """Return what POST /v1/leases asks for."""
    fields = _Fields(body)
    wanted = LeaseWanted(
        lease_id=fields.text("lease_id", r"[0-9a-f]{32}"),
        operation=fields.text("operation", r"[!-~]{1,400}"),
        plan=fields.text("plan", r"[!-~]{1,100}"),
        disks=fields.disks("disks"),
        ttl_s=fields.number("ttl_s", 0.1, MAX_TTL_S),
        budget_s=fields.number("budget_ms", 1, MAX_BUDGET_MS) / 1000,
    )
    fields.finish()
    return wanted


def renewal(body):
    """Return the time to live, in seconds, that a renewal asks for."""
    fields = _Fields(body)
    ttl_s = fields.number("ttl_s", 0.1, MAX_TTL_S)
    fields.finish()
    return ttl_s


def answered(body):
    """Return {disk id: snapshot id} of a release."""
    fields = _Fields(body)
    found = fields.take("answered", dict)
    for disk, snapshot in found.items():
        _match("answered", disk, r"disk-[a-z0-9]+")
        _match("answered", snapshot, r"[!-~]{1,100}")
    fields.finish()
    return found


def check(body):
    """Return the disks that a plan's check is about."""
    fields = _Fields(body)
    disks = fields.disks("disks")
    fields.finish()
    return disks


class _Fields:
    def __init__(self, body):
        if not isinstance(body, dict):
            raise Refusal(400, "bad-json", "the body must be a JSON object")
        self._left = dict(body)

    def take(self, name, kind):
        if name not in self._left:
            raise _bad(name, "is missing")
        value = self._left.pop(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise _bad(name, "has the wrong type, {}".format(type(value).__name__))
        return value

    def text(self, name, pattern):
        return _match(name, self.take(name, str), pattern)

    def number(self, name, low, high):
        value = self.take(name, (int, float))
        if not low <= value <= high:
            raise _bad(name, "must be {} to {}".format(low, high))
        return value

    def disks(self, name):
        found = self.take(name, list)
        if not found or len(found) > _MAX_DISKS or len({str(disk) for disk in found}) != len(found):
            raise _bad(name, "wants 1 to {} disks, each once".format(_MAX_DISKS))
        return [_match(name, disk, r"disk-[a-z0-9]+") for disk in found]

    def finish(self):
        for name in sorted(self._left):
            raise _bad(name, "is not known here")


def _match(name, value, pattern):
    if not isinstance(value, str) or not re.match(pattern + r"\Z", value):
        raise _bad(name, "must match {}".format(pattern))
    return value


def _bad(name, problem):
    return Refusal(400, "bad-field", "{} {}".format(name, problem), name)
