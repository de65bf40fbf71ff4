"""What strangers and broken clients send to an agent: answered or hung up on, and nothing is held for it."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import socket
import string
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.agent.driver import DISK, Agent, Client, Orders, Reply, create_orders, eventually
from tests.fuzz.effort import effort
from tests.fuzz.json_values import ANY, nearly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANSWERED = {200, 201, 400, 401, 403, 404, 409, 410, 411, 413, 414, 422, 431, 501, 505}
GOOD = b"GET /v1/hello HTTP/1.1\r\n\r\n"


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Orders:
    return create_orders(tmp_path_factory.mktemp("fuzzed") / "data")


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory, orders: Orders) -> Iterator[Agent]:
    folder: Path = tmp_path_factory.mktemp("agent")
    agent = Agent(folder, sys.executable, orders.plan())
    agent.start()
    yield agent
    assert agent.process.poll() is None
    log = (folder / "log").read_text()
    agent.stop()
    assert "Traceback" not in log
    assert '"fault"' not in log


def said(agent: Agent, sent: bytes, *, stays: bool = False) -> bytes:
    """Send bytes, say that no more will come unless the peer `stays`, and return all that is answered."""
    with socket.create_connection(("127.0.0.1", agent.port), timeout=20) as connection:
        with contextlib.suppress(OSError):  # it may have hung up already
            connection.sendall(sent)
            if not stays:
                connection.shutdown(socket.SHUT_WR)
        parts = []
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                parts.append(part)
    return b"".join(parts)


class _Read:
    """Bytes as a socket, for the standard library's reader of answers."""

    def __init__(self, content: bytes) -> None:
        self.stream = io.BytesIO(content)

    def makefile(self, _mode: str) -> _Read:
        return self

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the stream's own
        return getattr(self.stream, name)

    def close(self) -> None:
        """Stay readable: the next answer follows."""


def answers(content: bytes) -> list[Reply]:
    """Return every answer in what came; what is no answer fails."""
    source, found = _Read(content), []
    while source.stream.tell() < len(content):
        answer = http.client.HTTPResponse(source)  # type: ignore[arg-type] # what it uses of a socket is there
        answer.begin()
        raw = answer.read()
        found.append(Reply(answer.status, dict(answer.headers), json.loads(raw), raw))
    return found


def is_idle(agent: Agent) -> bool:
    return bool(agent.client().call("GET", "/v1/status").body["state"] == "IDLE")


_LARGE = {  # by their place, since hypothesis prints what a strategy is made of
    b" /BIG": b" /" + b"a" * 66_000,
    b"Content-Length: NINES\r\n": b"Content-Length: " + b"9" * 5000 + b"\r\n",
    b"MANY": b"A: b\r\n" * 101,
    b"DEEP": b"[" * 70_000,
}
LINES = st.sampled_from(
    [
        b"GET", b"POST", b"PUT", b"\x16\x03\x01", b" ", b" /v1/hello", b" /v1/leases", b" /v1/status",
        b" //[", b" /BIG", b" HTTP/1.1", b" HTTP/1.0", b" HTTP/0.9", b" HTTP/2.0", b" HTTP/1.1.1",
        b"\r\n", b"\n", b"\r\n\r\n", b"Content-Length: 2\r\n", b"Content-Length: 65537\r\n",
        b"Content-Length: -1\r\n", b"Content-Length: NINES\r\n", b"Content-Length: 2, 3\r\n",
        b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"Connection: keep-alive\r\n",
        b"X-Cbsnap-Time: 1\r\n", b"X-Cbsnap-Nonce: " + b"0" * 32 + b"\r\n", b"X-Cbsnap-Signature: \xff\r\n",
        b" folded\r\n", b"MANY", b": no name\r\n", b"{}", b"DEEP", b"\x00", GOOD,
    ]
).map(lambda part: _LARGE.get(part, part))  # fmt: skip


@effort(150)
@given(st.lists(LINES | st.binary(max_size=12), max_size=12).map(b"".join))
@example(b"GET /v1/hello HTTP/0.9\r\n\r\n")  # was answered without a head
@example(b"GET /v1/hello HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}")
def test_any_bytes_get_a_whole_answer_or_none(agent: Agent, sent: bytes) -> None:
    for reply in answers(said(agent, sent)):
        assert reply.status in ANSWERED
        assert reply.status < 400 or {"code", "field", "message"} <= set(reply.body)
    assert answers(said(agent, GOOD))[0].status == 200
    assert is_idle(agent)


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(agent: Agent) -> None:
    """The leave stayed in a buffer until the body came."""
    head = b"POST /v1/leases HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"

    with socket.create_connection(("127.0.0.1", agent.port), timeout=20) as connection:
        connection.sendall(head)

        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")


WANTED = Client(0).wanted(lease_id="7" * 32, ttl_s=5)
BODIES: list[Any] = [WANTED, {"ttl_s": 5}, {"answered": {DISK: "snap-1"}}, {"disks": [DISK]}]
PATH_CHARACTERS = string.ascii_letters + string.digits + "/?&=%[]:#@.-_~;"
TARGETS = st.sampled_from(
    [
        "/v1/leases", "/v1/leases/" + "7" * 32, "/v1/leases/" + "7" * 32 + "/release", "/v1/leases/x/renew",
        "/v1/plans/orders/check", "/v1/plans/%2e%2e/check", "/v1/status", "/v1/leases?operation=",
        "/v1/leases?", "/v1/leases?snapshot=snap-1&snapshot=2", "//[", "//[::1]/v1/status", "http://[",
        "http://h/v1/status",
        "/v1/leases?" + "a=b&" * 2000, "/v1/leases/%00/release", "/v1/leases#", "*", "/metrics",
    ]
) | st.text(PATH_CHARACTERS, max_size=40).map("/{}".format)  # fmt: skip


@effort(120)
@given(
    st.sampled_from(["GET", "POST"]),
    TARGETS,
    st.sampled_from(BODIES).flatmap(nearly).map(json.dumps).map(str.encode)
    | ANY.map(json.dumps).map(str.encode)
    | st.binary(max_size=30),
)
@example("POST", "/v1/leases", b"[" * 65_000)  # was a fault of ours, 500
@example("GET", "//[", b"")  # the same
@example("POST", "/v1/leases", json.dumps({**WANTED, "ttl_s": 10**400}).encode())
def test_whatever_is_signed_is_answered_signed_and_never_by_a_fault(
    agent: Agent, method: str, target: str, body: bytes
) -> None:
    client = agent.client()

    signed = client.sign(method, target, body) | {"Content-Length": str(len(body)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    sent = f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + body
    (reply,) = answers(said(agent, sent, stays=True))

    assert reply.status in ANSWERED
    assert "X-Cbsnap-Signature" in reply.headers
    assert reply.status < 400 or reply.body["code"] != "internal"
    if reply.body.get("state") == "HELD":
        assert reply.body["covers"]
        client.release(reply.body["lease_id"])
    assert is_idle(agent)
    client.connection.close()


@effort(60)
@given(
    st.sampled_from(["time", "nonce", "signature", "body", "target", "method"]),
    st.integers(0, 63),
    st.integers(1, 9),
)
def test_what_was_changed_after_it_was_signed_is_not_let_in(
    agent: Agent, part: str, place: int, by: int
) -> None:
    client = agent.client()
    body = json.dumps(client.wanted()).encode()
    headers = client.sign("POST", "/v1/leases", body)
    method, target = "POST", "/v1/leases"
    if part in ("time", "nonce", "signature"):
        name = f"X-Cbsnap-{part.title()}"
        at = place % len(headers[name])
        digits = string.digits if part == "time" else string.hexdigits[:16]
        other = digits[(digits.index(headers[name][at]) + by) % len(digits)]
        headers[name] = headers[name][:at] + other + headers[name][at + 1 :]
    elif part == "body":
        body = body.replace(b'"orders"', b'"orders" ')
    else:
        target, method = ("/v1/leases?", method) if part == "target" else (target, "GET")

    reply = client.send(method, target, body, headers)

    assert (reply.status, reply.body["code"]) == (401, "bad-signature")
    assert is_idle(agent)
    client.connection.close()


class Leases(RuleBasedStateMachine):
    """A client that does things in any order, among garbage; what it holds is held, and nothing else."""

    agent: Agent
    orders: Orders

    def __init__(self) -> None:
        super().__init__()
        self.client = self.agent.client()
        self.held = ""
        self.ended: list[str] = []

    @rule()
    def lease(self) -> None:
        reply = self._asked(lambda: self.client.lease(ttl_s=60))
        if self.held:
            assert (reply.status, reply.body["code"]) == (409, "busy")
            return
        if reply.body["state"] == "FAILED":  # on a machine too busy to arm a guard in its time
            self.ended.append(reply.body["lease_id"])
            return
        assert (reply.status, reply.body["state"]) == (201, "HELD")
        self.held = reply.body["lease_id"]

    def _asked(self, ask: Any) -> Reply:  # noqa: ANN401 - a callable
        """Ask again while the guard of the last lease is still leaving."""
        reply: Reply = ask()
        if not self.held and reply.status == 409:
            eventually(lambda: ask_again(reply, ask).status != 409)
        return reply

    @rule(changed=nearly(WANTED, most_changes=2).filter(lambda one: one != WANTED))
    def lease_with_garbage(self, changed: object) -> None:
        reply = self._asked(lambda: self.client.call("POST", "/v1/leases", changed))
        if reply.body.get("state") == "HELD":
            self.client.release(reply.body["lease_id"])
            self.ended.append(reply.body["lease_id"])

    @rule(answered=st.sampled_from([{}, {DISK: "snap-1"}, {"disk-other": "snap-2"}]))
    def release(self, answered: dict[str, str]) -> None:
        if self.held:
            record = self.client.release(self.held, answered)
            assert (record["state"], record["verdict"], record["answered"]) == ("RELEASED", "whole", answered)
            self.ended.append(self.held)
            self.held = ""

    @rule(data=st.data())
    def ask_for_what_has_ended(self, data: st.DataObject) -> None:
        if self.ended:
            lease_id = data.draw(st.sampled_from(self.ended))
            before = self.client.record(lease_id)
            assert self.client.release(lease_id, {DISK: "snap-9"})["answered"] == before["answered"]
            assert self.client.call("POST", f"/v1/leases/{lease_id}/renew", {"ttl_s": 5}).status == 409

    @rule(ttl_s=ANY)
    def renew(self, ttl_s: object) -> None:
        if self.held:
            reply = self.client.call("POST", f"/v1/leases/{self.held}/renew", {"ttl_s": ttl_s})
            assert reply.status in (200, 400)

    @rule(sent=st.lists(LINES, max_size=5).map(b"".join))
    def garbage(self, sent: bytes) -> None:
        said(self.agent, sent)

    @invariant()
    def what_is_held_is_held_and_nothing_else(self) -> None:
        status = self.client.call("GET", "/v1/status").body
        assert (status["state"], (status["lease"] or {}).get("lease_id", "")) == (
            ("HELD", self.held) if self.held else ("IDLE", "")
        )
        assert self.orders.is_writable() == (not self.held)

    def teardown(self) -> None:
        if self.held:
            self.client.release(self.held)
        self.client.connection.close()


def ask_again(reply: Reply, ask: Any) -> Reply:  # noqa: ANN401 - a callable
    """Put another answer in the place of the first one."""
    reply.__dict__.update(ask().__dict__)
    return reply


def test_leases_among_garbage_are_held_and_let_go_as_they_should(agent: Agent, orders: Orders) -> None:
    machine = type("Machine", (Leases,), {"agent": agent, "orders": orders})

    run_state_machine_as_test(machine, settings=effort(6, steps=12))  # type: ignore[no-untyped-call]
