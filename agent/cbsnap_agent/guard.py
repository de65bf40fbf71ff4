"""The guard: a process that undoes what a lease did, at the deadline or when the agent is gone.

It is armed before the first lock. Its standard input is a socket to the agent, one JSON message a packet:

    agent: {"actions": [spec], "runtime_dir", "owner", "deadline", "places", "post"}
                                                  guard: {"ready": {protection: reached}}
    agent: {"n", "probe": place}                  guard, when done: {"n", "status": 0}
    agent: {"n", "apply": index}                  guard, when done: {"n", "status": errno or exit status}
    agent: {"n", "deadline": seconds since boot}  (nobody waits)
    agent: {"n", "late": true}                    guard: {"n", "late": bool}
    agent: {"n", "undo": true}                    guard: {"n", "statuses": {index: status}, "flying", "late"}
    agent: {"unlocked": true}                     (nobody waits)
    agent: {"bye": true}                          the guard leaves once nothing is in flight

It never applies an action itself: a freeze can hang in the kernel for ever. One child for each; what is
complete is undone first, what is in flight when it has landed. An agent that is still there a grace after
the deadline, without having said that its sessions are unlocked, hangs and is killed: that drops their locks.
The grace runs from the thaw that the agent asked for, if that was later. For an agent that died the guard
writes the `post` markers: else a later cut would look as if it had been taken in time.
"""

import gc
import json
import os
import select
import signal
import sys

from . import actions, kernel, leftover, markers, owed

AGENT = 0
KILL_GRACE_S = 0.6
_TICK_S = 0.25  # also bounds how late a deadline can be after a suspension
UNDO_TRIES = 3
_UNDO_PAUSE_S = 1
_RETRY = 16  # EBUSY: somebody is at the superblock just now
OOM_EXEMPT = -1000


class Guard:
    """One lease's guard, from its first message to its end."""

    def __init__(self, order, agent_pid):
        self._actions = [actions.from_spec(spec) for spec in order["actions"]]
        self._owed = owed.OwedList(order["runtime_dir"], order["owner"])
        self._deadline = order["deadline"]
        self._asked_at = 0.0  # when the agent first asked to undo: it lives, and is about to unlock
        self._places, self._post = order["places"], order["post"]
        self._agent_pid = agent_pid
        self._held = []  # indices, in the order in which they were applied
        self._flying = {}  # pid -> (index, number of the request)
        self._returning = {}  # pid -> index: what takes long to undo
        self._probing = {}  # pid -> number of the request: never waited for
        self._statuses = {}
        self._tries = {}  # index -> how often its undoing, of those that take long, has failed
        self._not_before = 0.0
        self._undoing = self._late = self._unlocked = self._bye = self._gone = False

    def serve(self):
        """Serve until the agent has said bye or is gone, and nothing is left to undo."""
        landed = _wake_on_child()
        while self._flying or self._returning or self._held or not (self._bye or self._gone):
            ready = self._ready(landed)
            if AGENT in ready:
                self._hear()
            if landed in ready:
                os.read(landed, 4096)
                self._land()
            if self._undoing:
                self._undo()
            if kernel.boottime_s() >= self._deadline and not self._bye:
                self._overdue()

        if not self._bye:
            self._mark_ended()

    def _mark_ended(self):
        for place in self._places:
            try:
                markers.write(place, "post", self._post, durable=True)
            except OSError:
                continue  # one that could not be written to before, either

    def _ready(self, landed):
        poll = select.poll()
        poll.register(landed, select.POLLIN)
        if not self._gone:
            poll.register(AGENT, select.POLLIN)
        left = min(max(self._deadline - kernel.boottime_s(), 0.0) or _TICK_S, _TICK_S)
        return [fd for fd, _ in poll.poll(int(left * 1000) + 1)]

    def _hear(self):
        try:
            packet = os.read(AGENT, 65536)
        except OSError:
            packet = b""
        if not packet:
            self._gone = True
            self._undo()
            return
        self._obey(json.loads(packet.decode()))

    def _obey(self, message):
        if "apply" in message:
            self._apply(message["apply"], message["n"])
        elif "probe" in message:
            self._probe(message["probe"], message["n"])
        elif "deadline" in message:
            self._deadline = message["deadline"] if not self._undoing else self._deadline
        elif "late" in message:
            self._say(n=message["n"], late=self._late)
        elif "unlocked" in message:
            self._unlocked = True
        elif "undo" in message:
            self._undo()
            self._asked_at = self._asked_at or kernel.boottime_s()
            flying = [index for index, _ in self._flying.values()]
            flying += [*self._returning.values(), *self._held]
            self._say(n=message["n"], statuses=self._statuses, flying=flying, late=self._late)
        else:
            self._undo()
            self._bye = True

    def _overdue(self):
        self._late = self._late or not self._undoing
        self._undo()
        grace_end = max(self._deadline, self._asked_at) + KILL_GRACE_S
        if not self._unlocked and kernel.boottime_s() >= grace_end and os.getppid() == self._agent_pid:
            os.kill(self._agent_pid, signal.SIGKILL)

    def _apply(self, index, number):
        if self._undoing:
            self._say(n=number, status=_RETRY)
            return
        if self._actions[index].in_guard:
            status = self._actions[index].apply()
            self._held += [index] if status == 0 else []
            self._say(n=number, status=status)
            return
        pid = os.fork()
        if pid == 0:
            os._exit(self._applied(index))
        self._flying[pid] = (index, number)

    def _probe(self, place, number):
        pid = os.fork()
        if pid == 0:
            os.close(AGENT)
            os._exit(markers.probe(place))
        self._probing[pid] = number

    def _applied(self, index):
        os.close(AGENT)  # or the agent would not see the guard die while this child hangs
        action = self._actions[index]
        try:
            self._owed.add(index, action.spec)
        except OSError as error:
            return error.errno  # what cannot be noted is not begun
        status = action.apply()
        if not action.keeps_entry(status):
            self._owed.strike(index)
        return status

    def _land(self):
        for pid in [*self._flying, *self._returning, *self._probing]:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self._landed(pid, actions.exit_status(status))

    def _landed(self, pid, status):
        if pid in self._returning:
            self._undone(self._returning.pop(pid), status)
            return
        if pid in self._probing:
            self._say(n=self._probing.pop(pid), status=status)
            return
        index, number = self._flying.pop(pid)
        if self._actions[index].keeps_entry(status):
            self._held.append(index)
        self._say(n=number, status=status)

    def _undo(self):
        self._undoing = True
        for index in reversed(self._held[:]):
            if not self._actions[index].undo_takes_long:
                self._undone(index, self._actions[index].undo())
            elif not self._returning and kernel.boottime_s() >= self._not_before:
                # One after the other: a service starts when its files are mounted.
                self._held.remove(index)
                self._returning[self._fork_undo(index)] = index
        for pid, (index, _) in self._flying.items():
            self._actions[index].interrupt(pid)

    def _fork_undo(self, index):
        pid = os.fork()
        if pid == 0:
            os.close(AGENT)
            os._exit(self._actions[index].undo() & 0xFF)
        return pid

    def _undone(self, index, status):
        self._statuses[index] = status
        action = self._actions[index]
        if action.is_settled(status):
            self._held = [held for held in self._held if held != index]
            self._owed.strike(index)
        elif action.undo_takes_long and status != actions.HELD_BACK:
            self._try_again(index)

    def _try_again(self, index):
        """Have it undone anew before what it came after; given up, it stays on the list of what is owed."""
        self._tries[index] = self._tries.get(index, 0) + 1
        if self._tries[index] < UNDO_TRIES:
            self._held.append(index)
            self._not_before = kernel.boottime_s() + _UNDO_PAUSE_S

    def _say(self, **message):
        try:
            os.write(AGENT, json.dumps(message).encode())
        except OSError:
            self._gone = True


def main():
    """Run the guard on standard input, until it is done."""
    agent_pid = os.getppid()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    order = json.loads(os.read(AGENT, 1 << 20).decode())
    guard = Guard(order, agent_pid)
    noted = _noted(order)
    os.write(AGENT, json.dumps({"ready": _protect()}).encode())
    gc.disable()
    guard.serve()
    if noted:
        noted.close()


def _noted(order):
    """Let a later agent find a guard over something; None where that cannot be written."""
    try:
        return leftover.note_this(order["runtime_dir"]) if order["actions"] else None
    except OSError:
        return None


def _wake_on_child():
    """Return a descriptor that becomes readable when a child ends."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    return reader


def _protect():
    """Reach for each protection, and say which was reached."""
    try:
        kernel.lock_memory()
        locked = True
    except OSError:
        locked = False
    return {"memory_locked": locked, "oom_score_adj": _exempt_from_oom()}


def _exempt_from_oom():
    path = "/proc/self/oom_score_adj"
    try:
        with open(path, "w") as score:
            score.write(str(OOM_EXEMPT))
    except OSError:
        pass  # wants CAP_SYS_RESOURCE; what was reached is read back and reported
    with open(path) as score:
        return int(score.read())


if __name__ == "__main__":
    sys.exit(main())
