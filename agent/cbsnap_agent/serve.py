"""The running agent: puts the parts together, waits for its end, and leaves nothing held."""

import fcntl
import os
import signal
import ssl
import sys
import threading

from .api import Api
from .errors import ConfigError
from .gate import Gate, Identity
from .host import Host
from .logs import Log
from .notify import ServiceManager
from .server import Server

SOCKET = "agent.sock"


def run(config):
    """Serve until SIGTERM or SIGINT; return the exit code."""
    sys.dont_write_bytecode = True
    agent = config.agent
    os.makedirs(agent.runtime_dir, mode=0o700, exist_ok=True)
    lock = _only_one(agent.runtime_dir)
    host = Host(config.plans, agent.runtime_dir)
    log = Log(host.quiet)
    log.start()
    identity = Identity(agent.instance_id, agent.metadata_url)
    api = Api(host, Gate(agent.keys, agent.runtime_dir), identity, log, agent.metrics)
    servers = [Server(agent.listen, api.answer, agent.allow, _tls(agent.tls))] if agent.listen else []
    os.chdir(agent.runtime_dir)  # never in the way of an unmount, and a unix socket's path is short
    servers.append(Server(SOCKET, api.answer_local))
    for spec, status in host.left:
        log.write("undone at start", kind=spec["kind"], mount=spec.get("mount"), status=status)
    signalled = _wake_on_signal()
    for work in (*(server.serve_forever for server in servers), host.probe_guard):
        threading.Thread(target=work, daemon=True).start()
    ServiceManager(os.environ).tell_ready()
    os.read(signalled, 1)
    host.stop()
    log.flush()
    lock.close()
    return 0


def _wake_on_signal():
    """Return a descriptor that becomes readable at SIGTERM or SIGINT, whichever thread gets it."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    return reader


def _tls(pair):
    """Return a context for a certificate and its key, None without."""
    if pair is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(*pair)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError("[agent] tls_certificate: {}".format(error)) from error
    return context


def _only_one(runtime_dir):
    """Lock the runtime directory against a second agent."""
    lock = open(os.path.join(runtime_dir, "lock"), "w")  # noqa: SIM115 - held as long as the agent lives
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ConfigError("{} is in use by another agent".format(runtime_dir)) from None
    return lock
