"""The wire: HTTP/1.1 with bounds on everything that a stranger can send.

At most so many connections: when there are more, the one that has waited longest for a request is closed, so
that idle or slow peers cannot keep others out. Nothing is logged here.
"""

import contextlib
import http.server
import ipaddress
import json
import os
import re
import select
import socket
import socketserver
import threading
import time

from . import __version__
from .api import Request

MAX_BODY_BYTES = 65536
MAX_CONNECTIONS = 64
IDLE_LIMIT_S = 75
_DIGITS = re.compile(r"[0-9]+\Z")
_MAX_DIGITS = 12
_POLLRDHUP = 0x2000  # has no name in Python 3.6


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Serves on an address."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address, answer, allow=(), tls=None):
        """`answer` turns a Request into an Answer; `allow` are networks, all if empty; `tls` is a context."""
        self.answer = answer
        self._allow = allow
        self._tls = tls
        self._lock = threading.Lock()
        self._waiting = {}  # socket -> since when it has been waiting for a request to be complete
        self.address_family = _family(address)
        super().__init__(address, _Handler)

    def server_bind(self):
        """Bind without asking a name server who we are; a unix socket is its owner's alone."""
        if self.address_family != socket.AF_UNIX:
            socketserver.TCPServer.server_bind(self)
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.server_address)
        self.socket.bind(self.server_address)
        os.chmod(self.server_address, 0o600)

    def get_request(self):
        """Accept a connection; a TLS handshake waits for the connection's own thread."""
        connection, peer = super().get_request()
        if self.address_family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, peer

    def verify_request(self, request, client_address):  # noqa: ARG002 - socketserver's signature
        """Hang up on peers that are not on the list."""
        if not self._allow:
            return True
        peer = ipaddress.ip_address(client_address[0])
        return any(peer in network for network in self._allow)

    def process_request(self, request, client_address):
        """Make room for a connection, and serve it in a thread."""
        self.note_waiting(request)
        self._make_room()
        super().process_request(request, client_address)

    def service_actions(self):
        """Close, now and then, what has been silent or slow for too long."""
        oldest = time.monotonic() - IDLE_LIMIT_S
        with self._lock:
            overdue = [connection for connection, since in self._waiting.items() if since < oldest]
        for connection in overdue:
            _hang_up(connection)

    def note_waiting(self, connection):
        """Note that a connection waits for its peer, from now on."""
        with self._lock:
            self._waiting[connection] = time.monotonic()

    def note_served(self, connection):
        """Note that a connection waits for nothing: a request is being answered, or it is closed."""
        with self._lock:
            self._waiting.pop(connection, None)

    def shutdown_request(self, request):
        """Forget and close a connection."""
        self.note_served(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        """Stay silent: a peer that goes away or talks nonsense is no event of ours."""

    def _make_room(self):
        with self._lock:
            surplus = list(self._waiting)[: max(0, len(self._waiting) - MAX_CONNECTIONS)]
        for connection in surplus:
            _hang_up(connection)


def _family(address):
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"  # what cannot be parsed is answered with a status line all the same
    server_version = "cbsnap-agent/" + __version__
    sys_version = ""
    wbufsize = -1  # head and body leave in one packet
    timeout = IDLE_LIMIT_S

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def parse_request(self):
        """Refuse HTTP/0.9 besides, whose answers have no head and so no signature."""
        if not super().parse_request():
            return False
        if self.request_version == "HTTP/0.9":
            self.send_error(505, "HTTP/0.9 is not spoken here")
            return False
        return True

    def handle_expect_100(self):
        """Let a client that waits for it send its body, at once."""
        granted = super().handle_expect_100()
        self.wfile.flush()
        return granted

    def log_message(self, *_args):
        """Write nothing while a filesystem may be frozen."""

    def send_error(self, code, message=None, explain=None):  # noqa: ARG002 - http.server's signature
        """Answer what http.server could not read, in our own form, and hang up."""
        self.close_connection = True
        self.request_version = self.default_request_version
        problem = {"code": "bad-request", "field": None, "message": message or "malformed request"}
        self._send(int(code), {}, json.dumps(problem).encode())

    def _answer(self):
        body = self._body()
        if body is None:
            return
        self.server.note_served(self.connection)
        peer = self.client_address[0] if self.client_address else "local"
        target = self.requestline.split()[1]  # as sent and signed; `path` has lost a leading slash
        request = Request(self.command, target, self.headers, body, peer, self._is_gone)
        answer = self.server.answer(request)
        try:
            if answer.undelivered and self._is_gone():
                raise ConnectionResetError
            self._send(answer.status, answer.headers, answer.body)
        except OSError:
            self.close_connection = True
            if answer.undelivered:
                answer.undelivered()
        self.server.note_waiting(self.connection)

    def _body(self):
        """Return the body, or None once its refusal has been sent."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not _DIGITS.match(length):
            return self._refuse(411, "bad-field", "Content-Length", "a plain Content-Length is wanted")
        if len(length) > _MAX_DIGITS or int(length) > MAX_BODY_BYTES:
            return self._refuse(413, "too-large", None, "a body has {} bytes at most".format(MAX_BODY_BYTES))
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return body

    def _refuse(self, status, code, field, message):
        self.close_connection = True
        self._send(status, {}, json.dumps({"code": code, "field": field, "message": message}).encode())

    def _send(self, status, headers, body):
        self.send_response_only(status)
        if "Content-Type" not in headers:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _is_gone(self):
        """Tell whether the peer has closed its end."""
        poll = select.poll()
        poll.register(self.connection, _POLLRDHUP)
        return bool(poll.poll(0))


def _hang_up(connection):
    with contextlib.suppress(OSError):  # it has gone by itself
        socket.socket.shutdown(
            connection, socket.SHUT_RDWR
        )  # beneath any TLS, which would want a word with it
