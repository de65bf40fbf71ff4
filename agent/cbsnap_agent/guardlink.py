"""The agent's end of the guard: starts it, asks it, and notices its death."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys

from . import kernel, markers
from .errors import HoldBroken, StepFailed
from .guard import OOM_EXEMPT

ARM_LIMIT_S = 1.0
_ASK_LIMIT_S = 0.3
_START = "import sys; sys.path.insert(0, sys.argv[1]); from cbsnap_agent import guard; guard.main()"
# The folder, or the packed file, that holds this package: the guard is started from the same one.
_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class GuardLost(HoldBroken):
    """The guard is dead or does not answer."""


class GuardLink:
    """An armed guard. `protections` is what it reached for itself."""

    def __init__(self, specs, runtime_dir, deadline_s, owner="", places=()):
        """Start a guard over these actions; it undoes them at the deadline (seconds since boot).

        `owner` is the lease, `places` are where its `post` markers go if the agent dies.
        """
        self._number = 0
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
                [sys.executable, "-ISB", "-c", _START, _HOME],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[spec["fd"] for spec in specs if "fd" in spec],
                cwd="/",
            )
        order = {"actions": specs, "runtime_dir": runtime_dir, "owner": owner, "deadline": deadline_s}
        order.update(places=list(places), post=markers.post(owner))
        try:
            self._send(order)
            self.protections = self._receive(kernel.boottime_s() + ARM_LIMIT_S)["ready"]
        except GuardLost as error:
            self.kill()
            raise StepFailed("the guard could not be armed: {}".format(error)) from error

    def apply(self, index, limit_s):
        """Apply an action in a child of the guard. Return its exit status; None if it is still in flight."""
        try:
            return self._ask({"apply": index}, limit_s)["status"]
        except _NoAnswer:
            return None

    def takes_writes(self, place, limit_s):
        """Tell whether a write to a volume ends (be it with an error): on a frozen one it would not."""
        try:
            self._ask({"probe": place}, limit_s)
        except _NoAnswer:
            return False
        return True

    def set_deadline(self, deadline_s):
        """Move the moment at which the guard undoes everything by itself.

        Nobody waits for it: a guard that has already done so says it when it is asked to undo.
        """
        self._number += 1
        self._send({"deadline": deadline_s, "n": self._number})

    def is_on_time(self):
        """Tell whether the guard has not undone everything by itself."""
        return not self._ask({"late": True}, _ASK_LIMIT_S)["late"]

    def undo(self, limit_s):
        """Undo everything. Return ({index: status}, [indices still in flight], deadline was first)."""
        answer = self._ask({"undo": True}, limit_s)
        statuses = {int(index): status for index, status in answer["statuses"].items()}
        return statuses, answer["flying"], answer["late"]

    def unlocked(self):
        """Say that the sessions hold nothing any more: from now on, slowness of the agent hurts nobody."""
        with contextlib.suppress(GuardLost):
            self._send({"unlocked": True})

    def bye(self):
        """Let the guard leave once nothing of its own is in flight."""
        try:
            self._send({"bye": True})
        except GuardLost:
            self.kill()

    def is_gone(self, limit_s):
        """Tell whether the guard's process has ended; wait so long for it."""
        try:
            self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return False
        self._socket.close()
        return True

    def dies_within(self, limit_s):
        """Wait so long for the guard to die; tell whether it has."""
        poll = select.poll()
        poll.register(self._socket, 0)  # hang-up is always reported, an answer to another thread never
        return bool(poll.poll(max(0, int(limit_s * 1000))))

    def kill(self):
        """End a guard that does not answer: what it held is undone by whoever calls this."""
        self._process.kill()
        self._process.wait()

    def _ask(self, message, limit_s):
        self._number += 1
        end = kernel.boottime_s() + limit_s
        self._send(dict(message, n=self._number))
        while True:
            answer = self._receive(end)
            if answer.get("n") == self._number:
                return answer

    def _send(self, message):
        try:
            self._socket.send(json.dumps(message).encode())
        except OSError as error:
            raise GuardLost("the guard is gone") from error

    def _receive(self, end_s):
        self._socket.settimeout(max(0.001, end_s - kernel.boottime_s()))
        try:
            packet = self._socket.recv(1 << 20)
        except socket.timeout as error:
            raise _NoAnswer("the guard did not answer in time") from error
        except OSError as error:
            raise GuardLost("the guard is gone") from error
        if not packet:
            raise GuardLost("the guard is gone")
        return json.loads(packet.decode())


def shortfalls(protections):
    """Return, as caveats, the protections that a guard did not reach."""
    missing = [] if protections["memory_locked"] else ["the guard's memory could be swapped out"]
    if protections["oom_score_adj"] > OOM_EXEMPT:
        missing.append("the guard could be killed for want of memory")
    return missing


class _NoAnswer(GuardLost):
    pass
