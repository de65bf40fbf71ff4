"""One lease's hold on the host: takes the plan's steps in their order, and undoes them in the reverse order.

Knows nothing of states, requests or answers. `acquire` raises StepFailed (or Refusal, from `resolve`) and
leaves undoing to its caller; `undo` may be called at any point, once, and never raises.
"""

import contextlib
import errno
import os
import sys
import time

from . import actions, bounded, engines, guardlink, kernel, labels, markers, mounts, specs, volumes
from .errors import HoldBroken, StepFailed
from .guardlink import GuardLink, GuardLost
from .owed import OwedList

PREPARE_LIMIT_S = 60
LOCK_LIMIT_S = 30
SYNC_LIMIT_S = 3
PROBE_LIMIT_S = 2
ALONE_LIMIT_S = 1
_ALONE_PAUSE_S = 0.02
MARK_LIMIT_S = 1
FREEZE_LIMIT_S = 5
ABORT_S = 1  # the agent gives up by itself at the end of the budget; the guard, if it has not by then
UNDO_LIMIT_S = 0.5  # a guard that takes longer is killed, and the list of what is owed undone
_SYNC_ERRORS_SINCE = (5, 8)
_GUARD_DIED = "the guard died"
_HOME = os.path.dirname(os.path.abspath(__file__))


class Holding:
    """What a plan holds. The public attributes are the record's fields of the same names."""

    def __init__(self, plan, runtime_dir, wanted, abandoned):
        """`abandoned` tells whether the holder has gone: asked before each step."""
        self.steps, self.caveats, self.covers, self.positions = [], [], [], {}
        self.locked_ms = self.frozen_ms = None
        self.guard = None
        self.was_late = False
        self._plan = plan
        self._runtime_dir = runtime_dir
        self._lease_id = wanted.lease_id
        self._operation = wanted.operation
        self._abandoned = abandoned
        self._owed = OwedList(runtime_dir, wanted.lease_id)
        self._sessions = [engines.module(name).Session(settings) for name, settings in plan.engines]
        self._layout = None
        self._fds = []
        self._superblocks = []
        self._specs = []
        self._applied = []
        self._locked_at = self._frozen_at = None
        self._locked = []

    def resolve(self, disks):
        """Find the plan's volumes, and refuse unless they are on exactly these disks."""
        with self._step("resolve"):
            self._settle_earlier()
            for session in self._sessions:
                session.connect()
            self._layout = volumes.Layout(self._plan, [session.places() for session in self._sessions])
            volumes.check_disks(self._layout, disks)
            self._superblocks = self._layout.superblocks()
            self._fds = [self._open(mount) for mount in self._superblocks]
            self.covers = labels.covers(self._plan, self._layout, self._sessions)
            self.caveats += self._layout.caveats()
            self.caveats += [doubt for session in self._sessions for doubt in session.doubts()]
            if self._plan.freeze or self._plan.unmount:
                for refusal in volumes.hold_refusals(self._layout, own_paths(self._runtime_dir)):
                    raise StepFailed(refusal)

    def acquire(self, end_s):
        """Arm the guard, then take every step of the plan before `end_s`."""
        with self._step("arm", end_s):
            self._arm(end_s)
        with self._step("prepare", end_s):
            self._prepare(end_s)
        if self._sessions or self._plan.command:
            with self._step("lock", end_s):
                self._lock(end_s)
        with self._step("mark", end_s):
            self._mark()
        if self._plan.sync:
            with self._step("sync", end_s):
                self._sync(end_s, SYNC_LIMIT_S)
        if self._plan.freeze:
            with self._step("freeze", end_s):
                self._freeze(end_s)
        if self._plan.unmount:
            with self._step("unmount", end_s):
                self._unmount(end_s)

    def undo(self):
        """Undo all, freezes first. Return what had been lost before: an empty list if nothing."""
        has_freeze = any(spec["kind"] == "freeze" for spec in self._specs)
        breaks = self._undone_before()
        if self.guard and has_freeze:
            breaks += self._timed("thaw", self._thaw)
        for session in reversed(self._sessions):
            breaks += self._unlock(session)
        if self._locked_at is not None:
            self.locked_ms = _since_ms(self._locked_at)
        if self.guard:
            self.guard.unlocked()
            breaks += self._timed("finish", self._finish)
        self._close_fds()
        return breaks

    def _settle_earlier(self):
        """Undo what an earlier lease could not; while that fails, nothing new is begun."""
        for spec, status in OwedList(self._runtime_dir).undo_all():
            if not actions.from_spec(spec).is_settled(status):
                raise StepFailed("of an earlier lease, " + specs.undone(spec, status))

    def _arm(self, end_s):
        for mount, fd in zip(self._superblocks, self._fds):
            if not mounts.is_still(mount, fd):
                raise StepFailed("{} was mounted anew since it was looked at".format(mount.point))
        self._specs = specs.of_plan(self._plan, zip(self._superblocks, self._fds), self._runtime_dir)
        places = [volume.place for volume in self._layout.volumes]
        self.guard = GuardLink(self._specs, self._runtime_dir, end_s + ABORT_S, self._lease_id, places)
        self.caveats += guardlink.shortfalls(self.guard.protections)

    def _open(self, mount):
        try:
            return mounts.open_point(mount)
        except OSError as error:
            raise StepFailed("{}: {}".format(mount.point, error.strerror)) from error

    def _prepare(self, end_s):
        limit_s = min(end_s, kernel.boottime_s() + PREPARE_LIMIT_S)
        for volume in self._layout.volumes:
            if not self.guard.takes_writes(volume.place, min(PROBE_LIMIT_S, end_s - kernel.boottime_s())):
                raise StepFailed("{} takes no writes: it is busy or already frozen".format(volume.place))
        for session in self._sessions:
            session.prepare(limit_s)
        if self._plan.sync or self._plan.freeze:
            self._sync(limit_s, PREPARE_LIMIT_S)

    def _lock(self, end_s):
        limit_s = min(end_s, kernel.boottime_s() + LOCK_LIMIT_S)
        self._locked_at = kernel.boottime_s()
        for session in self._sessions:
            session.lock(limit_s)
            self._locked.append(session)
            self.caveats += session.caveats()
        if self._plan.command:
            self._apply(0, "command.pre", self._plan.command.timeout_s, end_s)
            if self._plan.attests:
                self.caveats.append("`application` is attested by the plan's command, not proven")

    def _mark(self):
        for (name, _), session in zip(self._plan.engines, self._sessions):
            self.positions[name] = session.positions()
        record = {
            "lease_id": self._lease_id,
            "operation": self._operation,
            "boot_id": kernel.boot_id(),
            "positions": self.positions,
        }
        bounded.call(lambda: self._write_markers("pre", record), MARK_LIMIT_S, "marking")

    def _sync(self, end_s, limit_s):
        if kernel.release() < _SYNC_ERRORS_SINCE:
            self._note("this kernel does not report write-back errors at sync")
        left_s = min(limit_s, end_s - kernel.boottime_s())
        try:
            bounded.call(lambda: [kernel.syncfs(fd) for fd in self._fds], left_s, "sync")
        except OSError as error:
            raise StepFailed("sync: {}".format(error.strerror)) from error

    def _freeze(self, end_s):
        self._frozen_at = kernel.boottime_s()
        for index, spec in enumerate(self._specs):
            if spec["kind"] == "freeze":
                self._apply(index, "freeze of " + spec["mount"], FREEZE_LIMIT_S, end_s)

    def _unmount(self, end_s):
        self._frozen_at = kernel.boottime_s()
        self._close_fds()
        for index, spec in enumerate(self._specs):
            if spec["kind"] == "exclusive":
                self._open_alone(index, end_s)
            else:
                self._apply_unless_busy(index, end_s)

    def _open_alone(self, index, end_s):
        """Open a device exclusively; what has just been unmounted may be let go a moment later."""
        end_s = min(end_s, kernel.boottime_s() + ALONE_LIMIT_S)
        status = self.guard.apply(index, UNDO_LIMIT_S)
        while status == errno.EBUSY and kernel.boottime_s() < end_s:
            time.sleep(_ALONE_PAUSE_S)
            status = self.guard.apply(index, UNDO_LIMIT_S)
        self._expect_done(index, specs.name(self._specs[index]), status)

    def _apply_unless_busy(self, index, end_s):
        spec = self._specs[index]
        try:
            self._apply(index, specs.name(spec), self._plan.unmount.timeout_s, end_s)
        except StepFailed as error:
            busy = mounts.users(spec["mount"]) if spec["kind"] == "unmount" else []
            held_by = "; held by " + ", ".join(busy) if busy else ""
            raise StepFailed("{}{}".format(error, held_by)) from error

    def _close_fds(self):
        while self._fds:
            os.close(self._fds.pop())

    def _apply(self, index, what, limit_s, end_s):
        self._expect_done(index, what, self.guard.apply(index, min(limit_s, end_s - kernel.boottime_s())))

    def _expect_done(self, index, what, status):
        if status is None:
            raise StepFailed("{} did not end in time".format(what))
        if status != 0:
            reason = specs.explain(self._specs[index], status)
            raise StepFailed("{} failed: {}".format(what, reason))
        if self._specs[index]["kind"] != "exclusive":  # a descriptor of the guard's, on no list
            self._applied.append(index)

    def _undone_before(self):
        """Return what somebody has undone while it was held: a `thaw-all`, or a guard that was late."""
        gone = [self._specs[index] for index in self._applied if not self._owed.has(index)]
        return ["{} was undone while it was held".format(specs.name(spec)) for spec in gone]

    def _thaw(self):
        try:
            statuses = self.guard.undo(UNDO_LIMIT_S)[0]
        except GuardLost:
            self.guard.kill()
            self._undo_owed(UNDO_LIMIT_S, "freeze")
            breaks = []  # said once, by the end
        else:
            breaks = [
                "{} was thawed by somebody else".format(self._specs[index]["mount"])
                for index, status in sorted(statuses.items())
                if status == actions.NOT_FROZEN and self._specs[index]["kind"] == "freeze"
            ]
        if self._frozen_at is not None and not self._plan.unmount:
            self.frozen_ms = _since_ms(self._frozen_at)
        return breaks

    def _unlock(self, session):
        breaks = []
        if session in self._locked:
            breaks += _breaks(session.confirm)
        return breaks + _breaks(session.unlock)

    def _finish(self):
        """Wait for what takes long to undo, then let the guard go. Return whether it was lost, as a break."""
        slow = specs.slow(self._specs)
        end_s = kernel.boottime_s() + sum(self._specs[index]["timeout_s"] + 1 for index in slow)
        try:
            statuses, flying, self.was_late = self.guard.undo(UNDO_LIMIT_S)
            while slow & set(flying) and kernel.boottime_s() < end_s and not self.guard.dies_within(0.005):
                statuses, flying, _ = self.guard.undo(UNDO_LIMIT_S)
            for index in sorted(slow & set(statuses)):
                if statuses[index]:
                    self._note(specs.undone(self._specs[index], statuses[index]))
            self.guard.bye()
        except GuardLost:
            self.guard.kill()
            self._undo_owed(
                end_s + UNDO_LIMIT_S - kernel.boottime_s(), "freeze", "unmount", "command", "service"
            )
            return [_GUARD_DIED]
        if self._plan.unmount and self._frozen_at is not None:
            self.frozen_ms = _since_ms(self._frozen_at)
        return []

    def _undo_owed(self, limit_s, *kinds):
        try:
            bounded.call(lambda: self._owed.undo_all(kinds), limit_s, "undoing")
        except StepFailed:
            pass  # a thaw behind a freeze that hangs: the sessions must not wait
        except OSError as error:
            self._note("the list of what is owed: {}".format(error))

    def mark_released(self):
        """Write the `post` markers, durably: from now on a cut is a late one."""
        if self._layout:
            try:
                bounded.call(
                    lambda: self._write_markers("post", markers.post(self._lease_id)), MARK_LIMIT_S, "marking"
                )
            except StepFailed as error:
                self._note(str(error))

    def _write_markers(self, name, record):
        for volume in self._layout.volumes:
            try:
                markers.write(volume.place, name, record, durable=name == "post")
            except OSError as error:
                self._note("no marker on {}: {}".format(volume.place, error))

    def _note(self, caveat):
        if caveat not in self.caveats:
            self.caveats.append(caveat)

    @contextlib.contextmanager
    def _step(self, name, end_s=None):
        if end_s is not None and kernel.boottime_s() >= end_s:
            raise StepFailed("the budget was over before {}".format(name))
        if self._abandoned():
            raise StepFailed("the holder had gone before {}".format(name))
        start = kernel.boottime_s()
        try:
            yield
        finally:
            self.steps.append({"name": name, "ms": _since_ms(start)})

    def _timed(self, name, function):
        start = kernel.boottime_s()
        result = function()
        self.steps.append({"name": name, "ms": _since_ms(start)})
        return result


def own_paths(runtime_dir):
    """Return what the agent writes to or runs from while it holds."""
    return [runtime_dir, _HOME, sys.executable, "/proc/self/fd/1", "/proc/self/fd/2"]


def _breaks(function):
    """Call a session's function; return what it raised, as breaks: other sessions must not wait for it."""
    try:
        function()
    except HoldBroken as error:
        return [str(error)]
    except Exception as error:  # noqa: BLE001 - an answer that an engine did not expect proves nothing
        return ["{}: {}".format(type(error).__name__, error)]
    return []


def _since_ms(start):
    return round((kernel.boottime_s() - start) * 1000, 1)
