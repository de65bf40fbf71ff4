"""One request as a command: for who reaches this host by the cloud's command channel and by no port.

What root of this host asks needs no signature, so it goes over the unix socket; a request that is signed all
the same goes to the port, as from outside, and its answer can be checked. A command may be delivered late:
after `not_after` nothing is asked. The answer is one line, packed: the channel keeps 24 KB of an output.
"""

import base64
import http.client
import json
import time
import zlib

from . import local
from .errors import ConfigError

PREFIX = "cbsnap-answer "
_LATE = (408, "late", "delivered too late by this host's clock, so nothing was asked")
_LIMIT_S = 30  # of a request to the port


def answer(agent, request, not_after, headers=()):
    """Return the line for a (method, target, body or None), where `agent` is the configuration's."""
    if not_after is not None and time.time() > not_after:
        return _line(_refusal(*_LATE))
    try:
        found = _signed(agent.listen, request, headers) if headers else _local(agent.runtime_dir, request)
    except (ConfigError, OSError, http.client.HTTPException) as error:
        return _line(_refusal(503, "no-agent", str(error)))
    return _line(found)


def _local(runtime_dir, request):
    method, target, body = request
    with local.connected(runtime_dir) as connection:
        return _exchange(connection, method, target, body, {})


def _signed(listen, request, headers):
    if listen is None:
        return _refusal(503, "no-port", "this agent listens on no port")
    method, target, body = request
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen[0], listen[0])  # noqa: S104 - what it listens on
    connection = http.client.HTTPConnection(host, listen[1], timeout=_LIMIT_S)
    try:
        return _exchange(connection, method, target, body, dict(headers))
    finally:
        connection.close()


def _exchange(connection, method, target, body, headers):
    connection.request(method, target, body, headers)
    found = connection.getresponse()
    return {"status": found.status, "headers": dict(found.getheaders()), "body": found.read().decode()}


def _refusal(status, code, message):
    return {"status": status, "headers": {}, "body": json.dumps({"code": code, "message": message})}


def _line(found):
    return PREFIX + base64.b64encode(zlib.compress(json.dumps(found).encode(), 9)).decode()
