"""A lease: IDLE → PREPARING → HELD → RELEASING → RELEASED; ends also in FAILED, EXPIRED and BROKEN.

Decides when a hold begins and how it ended; holding.py does it. The first to end a held lease wins: the
holder's release, the deadline, the guard's death, the agent's stop.
"""

import threading

from . import __version__, kernel
from .errors import HoldBroken, Refusal
from .holding import Holding

MAX_TTL_S = 60
ENDED = ("RELEASED", "FAILED", "EXPIRED", "BROKEN")
_WATCH_S = 0.25
_GUARD_LEAVES_S = 0.2


class Lease:
    """One holder's one attempt. `wanted` is the request; see requests.py."""

    def __init__(self, wanted, plan, runtime_dir, abandoned, keep):
        """`abandoned` tells whether the holder has gone; `keep` gets the record at the end."""
        self.wanted = wanted
        self.state = "PREPARING"
        self.settled = threading.Event()  # HELD, or ended
        self.ended = threading.Event()
        self._waiting = [abandoned]
        self.holding = Holding(plan, runtime_dir, wanted, self._has_no_holder)
        self._is_unwanted = False
        self._keep = keep
        self._plan = plan
        self._turn = threading.Lock()
        self._budget_end = kernel.boottime_s() + wanted.budget_s
        self._held_at = self._deadline = None
        self._answered = {}
        self._reason = None

    def prepare(self):
        """Take the plan's steps; ends HELD or FAILED. Raises Refusal when plan and request do not fit."""
        try:
            self.holding.resolve(self.wanted.disks)
            self.holding.acquire(self._budget_end)
            self._hold()
        except Refusal:
            self._undo()
            self._settle("FAILED", "the request was refused")
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, what has been locked is unlocked first
            self._undo()
            self._close("FAILED", str(error) or type(error).__name__)

    def renew(self, ttl_s):
        """Move the deadline, up to the cap since HELD; raises Refusal unless held."""
        with self._turn:
            if self.state != "HELD":
                raise Refusal(409, "not-held", "the lease is {}".format(self.state))
            deadline = self._capped(ttl_s)
            try:
                self.holding.guard.set_deadline(deadline)
                is_on_time = self.holding.guard.is_on_time()
            except HoldBroken as error:
                raise Refusal(409, "not-held", str(error)) from error
            if not is_on_time:
                raise Refusal(409, "not-held", "the lease has just expired")
            self._deadline = deadline

    def release(self, answered):
        """End the lease for its holder, who says which creations had been answered.

        May be repeated, but says nothing new then: what was answered after the thaw proves nothing.
        """
        self._is_unwanted = True
        self.settled.wait()
        self._end("RELEASED", None, answered)
        self.ended.wait()
        if self._verdict() == "broken" and not self._answered:
            self._answered = dict(answered)

    def join(self, abandoned):
        """Wait for the record on another of the holder's connections as well."""
        self._waiting.append(abandoned)
        self.settled.wait()

    def is_abandoned(self):
        """Tell whether every connection that waited for the record has gone."""
        return all(abandoned() for abandoned in self._waiting)

    def abandon(self, reason):
        """End the lease for want of its holder: what was held proves nothing."""
        self._is_unwanted = True
        self.settled.wait()
        self._end("BROKEN", reason, {})
        self.ended.wait()

    def is_over(self):
        """Tell whether the lease has ended and its guard has nothing more to do."""
        guard = self.holding.guard
        return self.ended.is_set() and (guard is None or guard.is_gone(_GUARD_LEAVES_S))

    def retry_after_ms(self):
        """Return how long another holder should wait before asking again."""
        now = kernel.boottime_s()
        end = self._deadline if self.state == "HELD" else min(self._budget_end, now + 1)
        return max(100, int((end - now) * 1000))

    def record(self):
        """Return the lease as the protocol writes it."""
        holding = self.holding
        return {
            "lease_id": self.wanted.lease_id,
            "operation": self.wanted.operation,
            "boot_id": kernel.boot_id(),
            "agent": __version__,
            "plan": self._plan.name,
            "plan_hash": self._plan.hash,
            "state": self.state,
            "ttl_left_ms": self._ttl_left_ms(),
            "covers": self._covers(),
            "positions": holding.positions,
            "steps": list(holding.steps),
            "caveats": list(holding.caveats),
            "verdict": self._verdict(),
            "reason": self._reason,
            "answered": dict(self._answered),
            "locked_ms": holding.locked_ms,
            "frozen_ms": holding.frozen_ms,
        }

    def _has_no_holder(self):
        return self._is_unwanted or self.is_abandoned()

    def _hold(self):
        self._held_at = kernel.boottime_s()
        self._deadline = self._capped(self.wanted.ttl_s)
        self.holding.guard.set_deadline(self._deadline)
        if not self.holding.guard.is_on_time():  # asks: nothing is HELD under a dead guard
            raise HoldBroken("the guard has undone everything before it was held")
        threading.Thread(target=self._watch, daemon=True).start()
        self.state = "HELD"
        self.settled.set()

    def _capped(self, ttl_s):
        cap = self._held_at + min(MAX_TTL_S, self._plan.max_ttl_s)
        return min(kernel.boottime_s() + ttl_s, cap)

    def _watch(self):
        self.settled.wait()
        while self.state == "HELD":
            left = self._deadline - kernel.boottime_s()
            if left <= 0:
                self._end("EXPIRED", "the time to live was over before the release", {})
            elif self.holding.guard.dies_within(min(left, _WATCH_S)):
                self._end("BROKEN", "the guard died", {})

    def _end(self, state, reason, answered):
        with self._turn:
            if self.state != "HELD":
                return
            self.state = "RELEASING"
        self._answered = dict(answered)
        breaks = self._undo()
        if self.holding.was_late and state == "RELEASED":
            state, reason = "EXPIRED", "the time to live was over before the release"
        elif breaks and state == "RELEASED":
            state, reason = "BROKEN", "; ".join(breaks)
        self._close(state, reason)

    def _undo(self):
        """Undo the hold; a fault while doing it is a break, never a lease that does not end."""
        try:
            return self.holding.undo()
        except Exception as error:  # noqa: BLE001 - carried into the reason
            return ["{} while undoing: {}".format(type(error).__name__, error)]

    def _close(self, state, reason):
        try:
            self.holding.mark_released()
        finally:
            self._settle(state, reason, self._keep)

    def _settle(self, state, reason, keep=None):
        self._reason = reason
        self.state = state
        try:
            if keep:
                keep(self.record())
        finally:  # whoever waits for the end gets it, whatever became of the record
            self.settled.set()
            self.ended.set()

    def _covers(self):
        """Return what is covered; once the hold has ended without proof, it has earned nothing."""
        if self._verdict() == "broken":
            return [dict(cover, label="crash") for cover in self.holding.covers]
        return self.holding.covers

    def _verdict(self):
        if self.state not in ENDED:
            return None
        return "whole" if self.state == "RELEASED" else "broken"

    def _ttl_left_ms(self):
        if self.state != "HELD":
            return 0
        return max(0, int((self._deadline - kernel.boottime_s()) * 1000))
