"""The host: one lease at a time, its journal, and the refusals that follow from both."""

import threading

from . import checks, kernel, leftover, specs
from .errors import Refusal, StepFailed
from .guardlink import GuardLink
from .journal import Journal
from .lease import Lease
from .metrics import Metrics
from .owed import OwedList
from .pause import Pause

_PROBE_LIMIT_S = 10


class Host:
    """What can be leased here. Every method may be called from any thread."""

    def __init__(self, plans, runtime_dir):
        """Undo what an earlier agent left, then stand ready. `left` tells what that was."""
        self._plans = plans
        self._runtime_dir = runtime_dir
        self._lock = threading.Lock()
        self._current = None
        leftover.end(runtime_dir)
        self.left = OwedList(runtime_dir).undo_all()
        self.journal = Journal(runtime_dir)
        self.protections = {}
        self.quiet = threading.Event()  # set while nothing is held
        self.quiet.set()
        self._metrics = Metrics()
        self._pause = Pause(runtime_dir)

    def probe_guard(self):
        """Arm a guard over nothing, to learn which protections it reaches here."""
        try:
            guard = GuardLink([], self._runtime_dir, kernel.boottime_s() + _PROBE_LIMIT_S)
        except StepFailed:
            return  # a loaded machine: the first lease's guard tells the same
        self.protections = guard.protections
        guard.bye()

    def lease(self, wanted, abandoned):
        """Take a lease, or find it by its id. Return (is new, record) once it is HELD or ended."""
        with self._lock:
            lease = self._known(wanted.lease_id)
            if lease is None:
                kept = self.journal.find(wanted.lease_id)
                if kept:
                    return False, kept
                self._refuse_paused()
                self._refuse_taken(wanted)
                self._refuse_busy()
                new = self._current = self._new(wanted, abandoned)
        if lease:
            lease.join(abandoned)
            return False, lease.record()
        self._prepare(new)
        return True, new.record()

    def renew(self, lease_id, ttl_s):
        """Move a held lease's deadline; return its record."""
        lease = self._open(lease_id)
        lease.renew(ttl_s)
        return lease.record()

    def release(self, lease_id, answered):
        """End a lease for its holder; return its record, of one that had ended before as well."""
        lease = self._open(lease_id)
        lease.release(answered)
        self.journal.put(lease.record())
        return lease.record()

    def abandon(self, lease_id, reason):
        """End a lease whose holder cannot be told of it, on any of the connections that waited."""
        lease = self._known(lease_id)
        if lease and lease.is_abandoned():
            lease.abandon(reason)

    def check(self, name, disks):
        """Return what a plan would hold and earn, and what is in its way."""
        return checks.check(self._plan(name), disks, self._runtime_dir)

    def find(self, lease_id):
        """Return a lease's record; raises Refusal for an unknown id."""
        lease = self._known(lease_id)
        record = lease.record() if lease else self.journal.find(lease_id)
        if record is None:
            raise _unknown(lease_id)
        return record

    def of_operation(self, operation):
        """Return the records of an operation's leases, oldest first."""
        current = self._current
        running = [current.record()] if current and current.wanted.operation == operation else []
        ended = self.journal.of_operation(operation)
        return ended + [record for record in running if record["lease_id"] not in _ids(ended)]

    def status(self):
        """Return the host's part of GET /v1/status."""
        lease = self._current
        state = self._state()
        return {
            "state": state,
            "plans": sorted(self._plans),
            "paused": self._pause.reason() is not None,
            "guard": self.protections,
            "since_boot_ms": round(kernel.boottime_s() * 1000, 3),
            "owed": [] if lease and not lease.ended.is_set() else self._still_owed(),
            "lease": lease.record() if lease and state != "IDLE" else None,
        }

    def metrics(self):
        """Return the host's metrics, as Prometheus reads them."""
        return self._metrics.text(self._state(), self._pause.reason() is not None)

    def stop(self):
        """End what is held, because the agent stops."""
        if self._current:
            self._current.abandon("the agent was stopped")

    def _new(self, wanted, abandoned):
        plan = self._plan(wanted.plan)
        self.quiet.clear()
        return Lease(wanted, plan, self._runtime_dir, abandoned, self._keep)

    def _keep(self, record, ended_s):
        self.quiet.set()
        self.journal.put(record, ended_s)
        self._metrics.count(record)

    def _state(self):
        lease = self._current
        return lease.state if lease and not lease.ended.is_set() else "IDLE"

    def _still_owed(self):
        return [specs.name(spec) for spec in OwedList(self._runtime_dir).listed()]

    def _prepare(self, lease):
        try:
            lease.prepare()
        except Refusal:
            with self._lock:
                self._current = None
            self.quiet.set()
            raise

    def _plan(self, name):
        if name not in self._plans:
            known = ", ".join(sorted(self._plans)) or "none"
            raise Refusal(422, "unknown-plan", "no plan {!r} here; there are: {}".format(name, known), "plan")
        return self._plans[name]

    def _known(self, lease_id):
        lease = self._current
        return lease if lease and lease.wanted.lease_id == lease_id else None

    def _open(self, lease_id):
        """Return the lease as an object whose renewal and release can be asked for."""
        lease = self._known(lease_id)
        if lease:
            return lease
        record = self.journal.find(lease_id)
        if record is None:
            raise _unknown(lease_id)
        return _Ended(record)

    def _refuse_paused(self):
        reason = self._pause.reason()
        if reason is not None:
            raise Refusal(409, "paused", "leases are paused on this host: {}".format(reason))

    def _refuse_taken(self, wanted):
        for record in self.journal.of_operation(wanted.operation):
            if set(record["answered"]) & set(wanted.disks):
                message = "an earlier lease of this operation, {}, had answered creations"
                raise Refusal(
                    409, "already-taken", message.format(record["lease_id"]), answered=record["answered"]
                )

    def _refuse_busy(self):
        lease = self._current
        if lease is None or lease.is_over():
            return
        wait_ms = lease.retry_after_ms()
        raise Refusal(409, "busy", "another lease is {}".format(lease.state), retry_after_ms=wait_ms)


class _Ended:
    """A lease of which only the record is left."""

    def __init__(self, record):
        self._record = record

    def renew(self, _ttl_s):
        raise Refusal(409, "not-held", "the lease is {}".format(self._record["state"]))

    def release(self, answered):
        if self._record["verdict"] == "broken" and not self._record["answered"]:
            self._record = dict(self._record, answered=answered)

    def record(self):
        return self._record


def _ids(records):
    return {record["lease_id"] for record in records}


def _unknown(lease_id):
    message = "no lease {} in this boot".format(lease_id)
    return Refusal(410, "unknown-lease", message, boot_id=kernel.boot_id())
