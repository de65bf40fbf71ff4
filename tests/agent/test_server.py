"""What strangers can send: refused, while the agent lives and answers others."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agent.driver import DISK, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.agent.driver import Agent, Client, Orders


@contextlib.contextmanager
def raw(agent: Agent, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    address = ("127.0.0.1", agent.port)
    with socket.create_connection(address, timeout=10, source_address=(source, 0)) as connection:
        yield connection


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00garbage\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET /v1/status HTTP/9.9\r\n\r\n", b"505"),
        (b"BREW /v1/leases HTTP/1.1\r\n\r\n", b"501"),
        (b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET /v1/status HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
        (b"POST /v1/leases HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"411"),
        (b"POST /v1/leases HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST /v1/leases HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST /v1/leases HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"413"),
        (b"POST /v1/leases HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n", b"411"),
    ],
)
def test_malformed_requests_are_refused_and_the_agent_lives(agent: Agent, sent: bytes, status: bytes) -> None:
    with raw(agent) as connection:
        connection.sendall(sent)
        answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 " + status)
    assert agent.client().call("GET", "/v1/status").status == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_read(agent: Agent) -> None:
    with raw(agent) as connection:
        connection.sendall(b"POST /v1/leases HTTP/1.1\r\nContent-Length: 65537\r\n\r\n")
        head, _, body = connection.recv(65536).partition(b"\r\n\r\n")

    assert b" 413 " in head
    assert json.loads(body)["code"] == "too-large"


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[1]", b'"text"', b"null"])
def test_a_signed_body_that_is_no_object_is_refused(client: Client, body: bytes) -> None:
    reply = client.send("POST", "/v1/leases", body, client.sign("POST", "/v1/leases", body))

    assert (reply.status, reply.body["code"]) == (400, "bad-json")


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/"), ("GET", "/v2/status"), ("POST", "/v1/status"), ("GET", "/v1/plans/orders/check")],
)
def test_an_unknown_path_is_named(client: Client, method: str, target: str) -> None:
    reply = client.call(method, target)

    assert (reply.status, reply.body["code"]) in [(404, "unknown-path"), (400, "bad-json")]


def test_a_thousand_idle_connections_keep_nobody_out(agent: Agent, orders: Orders) -> None:
    with contextlib.ExitStack() as connections:
        for _ in range(1000):
            connections.enter_context(raw(agent))
        client = agent.client()
        record = client.release(client.held(), {DISK: "snap-1"})
        threads = len(list(Path(f"/proc/{agent.process.pid}/task").iterdir()))

    assert record["verdict"] == "whole"
    assert threads < 100
    assert orders.is_writable()


def test_slow_senders_keep_nobody_out(agent: Agent) -> None:
    with contextlib.ExitStack() as connections:
        for _ in range(100):
            slow = connections.enter_context(raw(agent))
            with contextlib.suppress(OSError):  # one that made room for a later one
                slow.sendall(b"POST /v1/leases HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")
        client = agent.client()

        assert client.release(client.held(), {DISK: "snap-1"})["verdict"] == "whole"


def test_a_sender_that_goes_away_in_its_body_leaves_nothing(agent: Agent, orders: Orders) -> None:
    with raw(agent) as connection:
        connection.sendall(b"POST /v1/leases HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")

    assert agent.client().call("GET", "/v1/status").body["state"] == "IDLE"
    assert orders.is_writable()


def test_only_peers_on_the_list_are_answered(start_agent: Callable[..., Agent], orders: Orders) -> None:
    agent = start_agent(orders.plan(), settings="metadata = off\nallow = 10.9.8.0/24 127.0.0.1")

    with raw(agent, source="127.0.0.2") as stranger:
        stranger.sendall(b"GET /v1/hello HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert stranger.recv(100) == b""

    assert agent.client().call("GET", "/v1/status").status == 200


def test_tls_may_be_put_on_top(start_agent: Callable[..., Agent], orders: Orders, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = f"tls_certificate = {certificate}\ntls_key = {key}"
    agent = start_agent(orders.plan(), settings=f"metadata = off\n{tls}", certificate=str(certificate))

    client = agent.client()
    record = client.release(client.held(), {DISK: "snap-1"})
    with raw(agent) as plain:
        plain.sendall(b"GET /v1/hello HTTP/1.1\r\n\r\n")
        answer = plain.recv(100)

    assert record["verdict"] == "whole"
    assert not answer.startswith(b"HTTP")
    assert isinstance(client.connection.sock, ssl.SSLSocket)


def test_metrics_count_how_leases_ended(start_agent: Callable[..., Agent], orders: Orders) -> None:
    agent = start_agent(orders.plan(), settings="metadata = off\nmetrics = yes")
    client = agent.client()
    client.release(client.held())
    client.held(ttl_s=0.2)

    eventually(lambda: client.call("GET", "/v1/status").body["state"] == "IDLE")
    client.connection.request("GET", "/metrics")
    text = client.connection.getresponse().read().decode()

    assert 'cbsnap_agent_leases_total{plan="orders",outcome="RELEASED"} 1' in text
    assert 'cbsnap_agent_leases_total{plan="orders",outcome="EXPIRED"} 1' in text
    assert "cbsnap_agent_locked_seconds_count 2" in text
    assert 'cbsnap_agent_state{state="IDLE"} 1' in text


def test_metrics_are_for_nobody_unless_configured(client: Client) -> None:
    assert client.send("GET", "/metrics").status == 401


def test_every_request_leaves_a_line_and_no_secret(agent: Agent) -> None:
    client = agent.client()
    lease_id = client.held()
    client.release(lease_id)
    client.send("GET", "/v1/status", headers={"X-Cbsnap-Signature": "0" * 64})
    agent.stop()

    log = (agent.folder / "log").read_text()

    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["status"] for line in lines if line["target"] == "/v1/leases"] == [201]
    assert any(line.get("verdict") == "whole" and line["lease_id"] == lease_id for line in lines)
    assert any(line["status"] == 401 and line["code"] == "bad-signature" for line in lines)
    assert client.key not in log


def test_nothing_is_logged_while_anything_is_held(agent: Agent) -> None:
    client = agent.client()
    lease_id = client.held()
    client.call("GET", "/v1/status")
    held = (agent.folder / "log").read_text()

    client.release(lease_id)
    eventually(lambda: "/release" in (agent.folder / "log").read_text())

    assert lease_id not in held
    assert "/v1/status" not in held
