"""The protocol's paths: from a request to an answer, without the wire. See server.py for that."""

import json
import re
import time
from typing import Any, Callable, NamedTuple
from urllib.parse import parse_qs, urlsplit

from . import __version__, kernel, requests, signing
from .errors import Refusal


class Request(NamedTuple):
    """What came over the wire; `abandoned` tells whether the peer has gone."""

    method: str
    target: str
    headers: Any
    body: bytes
    peer: str
    abandoned: Callable


class Answer(NamedTuple):
    """What goes over the wire; `undelivered` is called if it cannot be sent."""

    status: int
    headers: dict
    body: bytes
    undelivered: Any
    audit: dict


class _Call(NamedTuple):
    body: Any
    query: dict
    abandoned: Callable


class Api:
    """The paths over one host."""

    def __init__(self, host, gate, identity, log, has_metrics):
        self._host = host
        self._gate = gate
        self._identity = identity
        self._log = log
        self._has_metrics = has_metrics

    def answer(self, request):
        """Return the Answer to a request from anywhere: signed, but for what anybody may know."""
        return self._audited(request, self._answer)

    def answer_local(self, request):
        """Return the Answer to a request on the unix socket, whose file mode has let it in."""
        return self._audited(request, self._answer_local)

    def _audited(self, request, answer):
        start = time.time()
        given = answer(request)
        self._log.write(
            "request",
            peer=request.peer,
            method=request.method,
            target=request.target,
            status=given.status,
            ms=round((time.time() - start) * 1000, 1),
            **given.audit,
        )
        return given

    def _answer_local(self, request):
        if (request.method, request.target) == ("GET", "/metrics"):
            return self._metrics()
        is_lease = (request.method, request.target) == ("POST", "/v1/leases")
        status, payload, undelivered = self._route(request, needs_identity=is_lease)
        return _plain(status, payload)._replace(undelivered=undelivered)

    def _answer(self, request):
        try:
            if (request.method, request.target) == ("GET", "/v1/hello"):
                return _plain(200, self._hello())
            if (request.method, request.target) == ("GET", "/metrics") and self._has_metrics:
                return self._metrics()
            key, nonce = self._gate.admit(request.method, request.target, request.headers, request.body)
        except Refusal as refusal:
            return _plain(refusal.status, refusal.body)
        status, payload, undelivered = self._route(request, needs_identity=True)
        return _signed(key, nonce, status, payload, undelivered)

    def _route(self, request, needs_identity):
        try:
            if needs_identity:
                self._identity.check()
            parts = _split(request.target)
            call = _Call(_json(request), parse_qs(parts.query), request.abandoned)
            function, names = _find(request.method, parts.path)
            return function(self, call, *names)
        except Refusal as refusal:
            return refusal.status, refusal.body, None
        except Exception as error:  # noqa: BLE001 - the connection's last resort: logged, and answered
            self._log.write("fault", fault=type(error).__name__, message=str(error), target=request.target)
            return 500, {"code": "internal", "field": None, "message": type(error).__name__}, None

    def _metrics(self):
        headers = {"Content-Type": "text/plain; version=0.0.4"}
        return Answer(200, headers, self._host.metrics().encode(), None, {})

    def _hello(self):
        return {"start_id": self._gate.start_id, "agent": __version__, "boot_id": kernel.boot_id()}

    def _lease(self, call):
        wanted = requests.lease(call.body)
        is_new, record = self._host.lease(wanted, call.abandoned)

        def undelivered():
            self._host.abandon(wanted.lease_id, "the answer could not be delivered")

        return 201 if is_new else 200, record, undelivered

    def _renew(self, call, lease_id):
        return 200, self._host.renew(lease_id, requests.renewal(call.body)), None

    def _release(self, call, lease_id):
        return 200, self._host.release(lease_id, requests.answered(call.body)), None

    def _find(self, _call, lease_id):
        return 200, self._host.find(lease_id), None

    def _leases(self, call):
        asked = list(call.query)
        if asked == ["operation"]:
            return 200, {"leases": self._host.of_operation(call.query["operation"][0])}, None
        if asked == ["snapshot"]:
            return 200, {"leases": self._host.journal.of_snapshot(call.query["snapshot"][0])}, None
        raise Refusal(400, "bad-field", "the query must be ?operation=… or ?snapshot=…", "operation")

    def _check(self, call, name):
        return 200, self._host.check(name, requests.check(call.body)), None

    def _status(self, _call):
        own = {"instance_id": self._identity.instance_id, "key_versions": self._gate.key_versions()}
        return 200, dict(self._hello(), **own, **self._host.status()), None


_PATHS = (
    ("POST", "/v1/leases", Api._lease),  # noqa: SLF001 - the class's own table
    ("GET", "/v1/leases", Api._leases),  # noqa: SLF001 - the same
    ("GET", "/v1/leases/([^/]+)", Api._find),  # noqa: SLF001 - the same
    ("POST", "/v1/leases/([^/]+)/renew", Api._renew),  # noqa: SLF001 - the same
    ("POST", "/v1/leases/([^/]+)/release", Api._release),  # noqa: SLF001 - the same
    ("POST", "/v1/plans/([^/]+)/check", Api._check),  # noqa: SLF001 - the same
    ("GET", "/v1/status", Api._status),  # noqa: SLF001 - the same
)


def _find(wanted, path):
    for method, pattern, function in _PATHS:
        match = re.match(pattern + r"\Z", path)
        if match and method == wanted:
            return function, match.groups()
    raise Refusal(404, "unknown-path", "no {} {} here".format(wanted, path))


def _split(target):
    try:
        return urlsplit(target)
    except ValueError as error:
        raise Refusal(404, "unknown-path", "the target is none: {}".format(error)) from error


def _json(request):
    if request.method != "POST":
        return None
    try:
        return json.loads(request.body.decode())
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "bad-json", "the body is not JSON: {}".format(error)) from error


def _plain(status, payload):
    return Answer(status, {}, _encode(payload), None, _audit(payload))


def _signed(key, nonce, status, payload, undelivered):
    body, time_s = _encode(payload), int(time.time())
    signature = signing.sign_response(key, status, nonce, time_s, body)
    headers = {"X-Cbsnap-Time": str(time_s), "X-Cbsnap-Signature": signature}
    return Answer(status, headers, body, undelivered, _audit(payload))


def _audit(payload):
    """Return what the audit line says of an answer: ids and outcomes, nothing secret."""
    names = ("lease_id", "operation", "plan", "state", "verdict", "code", "reason", "caveats")
    return {name: payload[name] for name in names if payload.get(name)}


def _encode(payload):
    return json.dumps(payload).encode()
