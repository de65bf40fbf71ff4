"""The client of the agent against a scripted server on a real socket: what it believes, and what not."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap.clock import SystemClock
from cbsnap.errors import (
    AlreadyTaken,
    HostBusy,
    HostRefused,
    HostUnreachable,
    HostUntrusted,
    InputError,
)
from cbsnap.hosts import signature
from cbsnap.hosts.agent import Agent, Agents
from cbsnap.model.cloud import Instance
from cbsnap.model.labels import Label
from cbsnap.ports.hosts import LeaseRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = bytes(32)
RECORD = {
    "lease_id": "0" * 32,
    "state": "HELD",
    "verdict": None,
    "covers": [
        {"disk_id": "disk-a", "mount": "/data", "fstype": "ext4", "how": "lock+sync", "label": "application"}
    ],
    "ttl_left_ms": 30_000,
}
REQUEST = LeaseRequest("0" * 32, "run/group", "mysql", ("disk-a",), 30, 5_000)


class Script:
    """What the server answers, and what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.sign_with = KEY
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.hellos = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def do_GET(self) -> None:
        self.script.hellos += 1
        self._send(200, {"start_id": f"start-{self.script.hellos}"}, "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.script.asked.append((self.path, json.loads(body)))
        status, answer = self.script.answers.pop(0)
        if status == 0:
            self.close_connection = True
            return
        self._send(status, answer, self.headers["X-Cbsnap-Nonce"])

    def _send(self, status: int, answer: dict[str, Any], nonce: str) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Cbsnap-Time", "1")
        signed = signature.of_answer(self.script.sign_with, status, nonce, "1", content)
        self.send_header("X-Cbsnap-Signature", signed)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def served(script: Script) -> Iterator[Agent]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"script": script}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    agent = Agent(("127.0.0.1", server.server_address[1]), KEY, SystemClock())
    try:
        yield agent
    finally:
        agent.close()
        server.shutdown()
        server.server_close()


@pytest.fixture
def script() -> Script:
    return Script()


def test_reads_a_record_and_keeps_one_connection(script: Script) -> None:
    script.answers = [(200, {"disks": ["disk-a"], "problems": []}), (201, RECORD)]

    with served(script) as agent:
        check = agent.check("mysql", ["disk-a"])
        record = agent.lease(REQUEST)

    assert check.disk_ids == {"disk-a"}
    assert record.held
    assert record.covers[0].label is Label.APPLICATION
    assert script.hellos == 1
    assert script.asked[1] == (
        "/v1/leases",
        {
            "lease_id": "0" * 32,
            "operation": "run/group",
            "plan": "mysql",
            "disks": ["disk-a"],
            "ttl_s": 30,
            "budget_ms": 5000,
        },
    )


def test_an_answer_signed_with_another_key_is_not_believed(script: Script) -> None:
    script.answers = [(201, RECORD)]
    script.sign_with = b"another key, as long as it must be"

    with served(script) as agent, pytest.raises(HostUntrusted, match="not signed with this host's key"):
        agent.lease(REQUEST)


def test_a_cut_connection_is_an_unknown_outcome(script: Script) -> None:
    script.answers = [(0, {})]

    with served(script) as agent, pytest.raises(HostUnreachable):
        agent.lease(REQUEST)


def test_after_a_cut_connection_the_next_call_goes_out_on_a_new_one(script: Script) -> None:
    script.answers = [(0, {}), (200, {**RECORD, "state": "RELEASED", "verdict": "whole"})]

    with served(script) as agent:
        with pytest.raises(HostUnreachable):
            agent.lease(REQUEST)
        record = agent.release("0" * 32, {"disk-a": "snap-1"})

    assert record.whole
    assert script.hellos == 2


def test_an_agent_started_anew_is_asked_again_under_its_new_start(script: Script) -> None:
    script.answers = [(401, {"code": "restarted", "message": "another start"}), (201, RECORD)]

    with served(script) as agent:
        record = agent.lease(REQUEST)

    assert record.held
    assert script.hellos == 2


def test_a_refused_signature_is_not_repeated(script: Script) -> None:
    script.answers = [(401, {"code": "bad-signature", "message": "no key fits"})]

    with served(script) as agent, pytest.raises(HostRefused, match="bad-signature: no key fits"):
        agent.lease(REQUEST)

    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (409, {"code": "busy", "message": "held", "retry_after_ms": 1200}, HostBusy),
        (409, {"code": "paused", "message": "paused", "retry_after_ms": 60000}, HostBusy),
        (409, {"code": "already-taken", "message": "taken", "answered": {"disk-a": "snap-1"}}, AlreadyTaken),
        (422, {"code": "unknown-plan", "field": "plan", "message": "no plan mysql"}, HostRefused),
        (410, {"code": "unknown-lease", "message": "another boot"}, HostRefused),
    ],
)
def test_errors_are_told_apart(
    script: Script, status: int, answer: dict[str, Any], error: type[Exception]
) -> None:
    script.answers = [(status, answer)]

    with served(script) as agent, pytest.raises(error):
        agent.lease(REQUEST)


def test_nobody_listening_is_said_with_the_address() -> None:
    agent = Agent(("127.0.0.1", 9), KEY, SystemClock())

    with pytest.raises(HostUnreachable, match=r"127\.0\.0\.1:9"):
        agent.check("mysql", [])


def test_an_instance_without_a_private_address_is_refused_by_name() -> None:
    agents = Agents("0" * 64, 1, 9780, SystemClock())

    with pytest.raises(InputError, match="ins-1"):
        agents.on(Instance("ins-1", "ap-guangzhou", "z", "n", "RUNNING"))


def test_disks_beyond_the_plans_are_no_problem_of_the_plan(script: Script) -> None:
    fit = {"code": "wrong-disks", "field": "disks", "message": "disk-b holds nothing of this plan"}
    real = {"code": "cannot-hold", "field": "steps", "message": "/ is never held"}
    script.answers = [(200, {"disks": ["disk-a"], "problems": [fit, real]})]

    with served(script) as agent:
        check = agent.check("mysql", ["disk-a", "disk-b"])

    assert check.disk_ids == {"disk-a"}
    assert check.problems == ("/ is never held",)
