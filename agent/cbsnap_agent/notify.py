"""Telling the service manager that the agent is ready and alive, by the datagrams of sd_notify(3).

An agent that hangs is then killed even if its guard is gone, and the stop hook undoes what it held.
"""

import contextlib
import socket
import threading
import time


class ServiceManager:
    """The manager that an environment names; without one, nothing is told."""

    def __init__(self, environment):
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog_s = int(environment.get("WATCHDOG_USEC", "0")) / 1e6
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def tell_ready(self):
        """Say that the agent answers, and from now on that it lives."""
        if self._address:
            self._send(b"READY=1")
            if self._watchdog_s:
                threading.Thread(target=self._keep_telling, daemon=True).start()

    def _keep_telling(self):
        while True:
            self._send(b"WATCHDOG=1")
            time.sleep(self._watchdog_s / 3)

    def _send(self, message):
        with contextlib.suppress(OSError):  # a manager that hangs must not hang the agent
            self._socket.sendto(message, socket.MSG_DONTWAIT, self._address)
