"""Signatures against the vectors that both sides read, and who is let in."""

from __future__ import annotations

import json
import secrets
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap_agent import signing

from tests.agent.driver import DISK, KEY, OTHER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.agent.driver import Agent, Client, Orders

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "signing.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["host_keys"])
def test_derives_the_host_keys_of_the_vectors(vector: dict[str, str]) -> None:
    derived = signing.host_key(vector["master"], vector["version"], vector["instance_id"])

    assert derived == vector["host_key"]


@pytest.mark.parametrize("vector", VECTORS["requests"])
def test_signs_the_requests_of_the_vectors(vector: dict[str, Any]) -> None:
    fields = ("method", "target", "start_id", "time", "nonce")
    request = signing.Signable(*[vector[name] for name in fields], vector["body"].encode())

    assert signing.sign_request(vector["host_key"], request) == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["responses"])
def test_signs_the_answers_of_the_vectors(vector: dict[str, Any]) -> None:
    fields = ("host_key", "status", "nonce", "time")
    signature = signing.sign_response(*[vector[name] for name in fields], vector["body"].encode())

    assert signature == vector["signature"]


def test_the_answer_is_signed_over_the_nonce_of_its_request(client: Client) -> None:
    headers = client.sign("GET", "/v1/status")

    reply = client.send("GET", "/v1/status", headers=headers)

    signature = signing.sign_response(
        KEY, reply.status, headers["X-Cbsnap-Nonce"], reply.headers["X-Cbsnap-Time"], reply.raw
    )
    assert reply.headers["X-Cbsnap-Signature"] == signature


def test_a_refusal_of_a_signed_request_is_signed_too(client: Client) -> None:
    reply = client.call("GET", f"/v1/leases/{secrets.token_hex(16)}")

    assert reply.status == 410
    assert "X-Cbsnap-Signature" in reply.headers


@pytest.mark.parametrize("part", ["X-Cbsnap-Time", "X-Cbsnap-Nonce", "X-Cbsnap-Signature"])
def test_a_request_without_a_whole_signature_is_refused_unsigned(client: Client, part: str) -> None:
    headers = client.sign("GET", "/v1/status")
    del headers[part]

    reply = client.send("GET", "/v1/status", headers=headers)

    assert (reply.status, reply.body["code"]) == (401, "bad-signature")
    assert "X-Cbsnap-Signature" not in reply.headers


def test_another_key_opens_nothing(agent: Agent, orders: Orders) -> None:
    reply = agent.client(key=OTHER_KEY).lease()

    assert (reply.status, reply.body["code"]) == (401, "bad-signature")
    assert orders.is_writable()


def test_a_body_that_was_changed_on_the_way_is_refused(client: Client, orders: Orders) -> None:
    headers = client.sign("POST", "/v1/leases", b'{"ttl_s": 1}')

    reply = client.send("POST", "/v1/leases", b'{"ttl_s": 9}', headers)

    assert (reply.status, reply.body["code"]) == (401, "bad-signature")
    assert orders.is_writable()


def test_a_target_that_was_changed_on_the_way_is_refused(client: Client) -> None:
    headers = client.sign("GET", "/v1/leases?operation=a")

    reply = client.send("GET", "/v1/leases?operation=b", headers=headers)

    assert reply.body["code"] == "bad-signature"


def test_a_replayed_request_is_refused(client: Client) -> None:
    headers = client.sign("GET", "/v1/status")
    client.send("GET", "/v1/status", headers=headers)

    reply = client.send("GET", "/v1/status", headers=headers)

    assert (reply.status, reply.body["code"]) == (401, "replayed")


@pytest.mark.parametrize("skew_s", [-70, 70])
def test_a_clock_too_far_off_is_refused(agent: Agent, skew_s: int) -> None:
    reply = agent.client(skew_s=skew_s).call("GET", "/v1/status")

    assert (reply.status, reply.body["code"]) == (401, "clock-skew")


def test_a_request_recorded_before_a_restart_is_refused_after_it(
    agent: Agent, start_agent: Callable[..., Agent], orders: Orders
) -> None:
    before = agent.client()
    headers = before.sign("GET", "/v1/status")
    agent.kill()

    reply = start_agent(orders.plan()).client().send("GET", "/v1/status", headers=headers)

    assert (reply.status, reply.body["code"]) == (401, "restarted")


def test_both_keys_are_valid_while_rotating(start_agent: Callable[..., Agent], orders: Orders) -> None:
    agent = start_agent(orders.plan(), keys=f"1 {KEY}\n2 {OTHER_KEY}\n")

    old, new = (agent.client(key=key).call("GET", "/v1/status") for key in (KEY, OTHER_KEY))

    assert (old.status, new.status) == (200, 200)


def test_a_key_is_changed_without_a_gap(agent: Agent) -> None:
    old, new = agent.client(), agent.client(key=OTHER_KEY)
    keys = agent.folder / "keys"

    before = new.call("GET", "/v1/status").status
    keys.write_text(f"1 {KEY}\n2 {OTHER_KEY}\n")
    both = old.call("GET", "/v1/status").status, new.call("GET", "/v1/status").status
    keys.write_text(f"2 {OTHER_KEY}\n")
    after = old.call("GET", "/v1/status").status, new.call("GET", "/v1/status").status

    assert (before, both, after) == (401, (200, 200), (401, 200))


def test_a_key_file_that_cannot_be_used_changes_nothing(agent: Agent) -> None:
    (agent.folder / "keys").write_text("nonsense\n")

    assert agent.client().call("GET", "/v1/status").status == 200


@pytest.fixture
def metadata() -> Iterator[Callable[[str], str]]:
    """Serve an instance id as the cloud's metadata do; give the setting that names it."""
    servers = []

    def serve(instance_id: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(instance_id.encode())

            def log_message(self, *_: object) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"metadata = http://127.0.0.1:{servers[-1].server_port}/latest/meta-data/instance-id"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_clone_with_another_instance_id_refuses(
    start_agent: Callable[..., Agent], orders: Orders, metadata: Callable[[str], str]
) -> None:
    client = start_agent(orders.plan(), settings=metadata("ins-22222222")).client()

    reply = client.lease()

    assert (reply.status, reply.body["code"]) == (403, "wrong-instance")
    assert "ins-22222222" in reply.body["message"]
    assert orders.is_writable()


def test_the_instance_that_the_metadata_name_serves(
    start_agent: Callable[..., Agent], orders: Orders, metadata: Callable[[str], str]
) -> None:
    client = start_agent(orders.plan(), settings=metadata("ins-11111111")).client()

    assert client.release(client.held(), {DISK: "snap-1"})["verdict"] == "whole"


def test_metadata_that_cannot_be_read_refuse(start_agent: Callable[..., Agent], orders: Orders) -> None:
    client = start_agent(orders.plan(), settings="metadata = http://127.0.0.1:9/instance-id").client()

    reply = client.lease()

    assert (reply.status, reply.body["code"]) == (403, "wrong-instance")
