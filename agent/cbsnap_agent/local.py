"""The agent's own commands, over its unix socket: status, check, hold, release."""

import contextlib
import http.client
import json
import os
import secrets
import socket

from .errors import ConfigError
from .serve import SOCKET


@contextlib.contextmanager
def connected(runtime_dir):
    """Give a connection to the agent of a runtime directory. Raises ConfigError when none answers."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        _reach(connection.sock, runtime_dir)
        yield connection
    finally:
        connection.close()


def _reach(sock, runtime_dir):
    try:
        os.chdir(runtime_dir)  # a unix socket's path has 107 bytes at most
        sock.connect(SOCKET)
    except OSError as error:
        raise ConfigError("no agent answers in {}: {}".format(runtime_dir, error.strerror)) from error


class LocalAgent:
    """The running agent of a runtime directory; whoever may open its socket may ask."""

    def __init__(self, runtime_dir):
        self._runtime_dir = runtime_dir

    def status(self):
        """Return the agent's status."""
        return self._call("GET", "/v1/status")

    def check(self, plan, disks):
        """Return what a plan would hold and earn; without disks, for all of the plan's own."""
        disks = disks or self._plan_disks(plan)
        return self._call("POST", "/v1/plans/{}/check".format(plan), {"disks": disks})

    def hold(self, plan, disks, ttl_s):
        """Take a lease, as a person would for a snapshot by hand."""
        wanted = {
            "lease_id": secrets.token_hex(16),
            "operation": "by-hand#" + secrets.token_hex(4),
            "plan": plan,
            "disks": disks or self._plan_disks(plan),
            "ttl_s": ttl_s,
            "budget_ms": 60000,
        }
        return self._call("POST", "/v1/leases", wanted)

    def release(self, lease_id, answered):
        """Release a lease; `answered` are snapshot ids by disk id."""
        return self._call("POST", "/v1/leases/{}/release".format(lease_id), {"answered": answered})

    def _plan_disks(self, plan):
        """Return the plan's own disks; a plan that cannot tell them is asked about a disk that is none."""
        found = self._call("POST", "/v1/plans/{}/check".format(plan), {"disks": ["disk-any"]})[1]
        return found.get("disks") or ["disk-any"]

    def _call(self, method, target, payload=None):
        """Return (status, body)."""
        with connected(self._runtime_dir) as connection:
            connection.request(method, target, json.dumps(payload) if payload else None)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read().decode())
