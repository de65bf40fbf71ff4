"""The running agent: puts the parts together, waits for its end, and leaves nothing held."""

import fcntl
import os
import signal
import sys
import threading

from .api import Api
from .errors import ConfigError
from .gate import Gate, Identity
from .host import Host
from .server import Server


def run(config):
    """Serve until SIGTERM or SIGINT; return the exit code."""
    sys.dont_write_bytecode = True
    agent = config.agent
    os.makedirs(agent.runtime_dir, mode=0o700, exist_ok=True)
    lock = _only_one(agent.runtime_dir)
    host = Host(config.plans, agent.runtime_dir)
    gate = Gate(agent.keys, agent.runtime_dir)
    api = Api(host, gate, Identity(agent.instance_id, agent.metadata_url))
    server = Server(agent.listen, api)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    threading.Thread(target=host.probe_guard, daemon=True).start()
    try:
        server.serve_forever()
    except _Leaving:
        pass
    finally:
        host.stop()
        server.server_close()
        lock.close()
    return 0


class _Leaving(Exception):  # noqa: N818 - no error, a way out of serve_forever
    pass


def _leave(_number, _frame):
    raise _Leaving


def _only_one(runtime_dir):
    """Lock the runtime directory against a second agent."""
    lock = open(os.path.join(runtime_dir, "lock"), "w")  # noqa: SIM115 - held as long as the agent lives
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ConfigError("{} is in use by another agent".format(runtime_dir)) from None
    return lock
