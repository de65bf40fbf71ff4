"""The service manager, for who puts the agent on a host or takes it away: start, stop, see it answer."""

import subprocess
import time

from .errors import ConfigError, NotDone
from .local import LocalAgent

_UNIT = "cbsnap-agent.service"
_ANSWERS_S = 20
_PAUSE_S = 0.2


def start():
    """Have the unit read anew, started with the host, and running what it says now. Raises NotDone."""
    _systemctl("daemon-reload")
    _systemctl("enable", _UNIT)
    _systemctl("restart", _UNIT)


def end():
    """Stop the unit and have it started no more. Raises NotDone."""
    _systemctl("disable", "--now", _UNIT)


def forget():
    """Have the manager see that the unit is gone."""
    _systemctl("daemon-reload")


def status(runtime_dir):
    """Return what the running agent says of itself, None when none answers."""
    try:
        return LocalAgent(runtime_dir).status()[1]
    except ConfigError:
        return None


def answers(runtime_dir, before):
    """Return the status of an agent that was started after `before` was its status; None if none comes."""
    end_s = time.monotonic() + _ANSWERS_S
    while time.monotonic() < end_s:
        found = status(runtime_dir)
        if found and (before is None or found["start_id"] != before["start_id"]):
            return found
        time.sleep(_PAUSE_S)
    return None


def wait_idle(runtime_dir, patience_s):
    """Wait until nothing is held. Raises NotDone when something is after that time."""
    end_s = time.monotonic() + patience_s
    while True:
        found = status(runtime_dir)
        if found is None or found["state"] == "IDLE":
            return
        if time.monotonic() > end_s:
            raise NotDone("a lease is {}: try again when it has ended".format(found["state"]))
        time.sleep(_PAUSE_S)


def _systemctl(*words):
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["systemctl", *words],  # noqa: S607 - where it lies is the host's business
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        raise NotDone("systemctl: {}".format(error.strerror)) from error
    if done.returncode:
        raise NotDone("systemctl {}: {}".format(words[0], done.stdout.decode("utf-8", "replace").strip()))
