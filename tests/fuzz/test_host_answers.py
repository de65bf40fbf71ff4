"""What hosts answer, broken or hostile: never a label from it, never a host that is not released."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from cbsnap.clock import SystemClock
from cbsnap.errors import CbsnapError, HostError, HostUnreachable
from cbsnap.hosts import answers
from cbsnap.hosts.agent import Agent
from cbsnap.jobs.bracket import Hold, Wish, held
from cbsnap.model.labels import Label
from cbsnap.model.policies import Quiesce
from cbsnap.ports.hosts import Cover, HostStatus, LeaseRecord, LeaseRequest, PlanCheck
from cbsnap.rules.labels import labels
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.effort import effort
from tests.fuzz.json_values import ANY, nearly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LEASE = "5" * 32
DISKS = ("disk-a", "disk-b")
COVER = {"disk_id": "disk-a", "mount": "/data", "fstype": "ext4", "how": "lock+sync", "label": "application"}
RECORD: dict[str, Any] = {
    "lease_id": LEASE,
    "operation": "orders@20261122T0200Z/ins-1",
    "boot_id": "b",
    "agent": "0.1.0",
    "plan": "mysql",
    "plan_hash": "0" * 64,
    "state": "HELD",
    "ttl_left_ms": 29_000,
    "covers": [COVER, {**COVER, "disk_id": "disk-b"}],
    "positions": {"mysql": {"file": "binlog.000004", "position": 4711, "gtid": "0-1-9"}},
    "steps": [{"name": "lock", "ms": 2.5}, {"name": "sync", "ms": 1}],
    "caveats": ["a caveat"],
    "verdict": None,
    "reason": None,
    "answered": {},
    "locked_ms": None,
    "frozen_ms": None,
}
RELEASED = {
    **RECORD,
    "state": "RELEASED",
    "verdict": "whole",
    "ttl_left_ms": 0,
    "locked_ms": 12.5,
    "answered": {"disk-a": "snap-1", "disk-b": "snap-2"},
}
CHECK = {"disks": ["disk-a"], "problems": [{"code": "x", "field": "steps", "message": "no"}]}
STATUS = {"agent": "0.1.0", "plans": ["mysql"], "paused": False, "lease": RECORD}
BUSY = {"code": "busy", "field": None, "message": "another lease is HELD", "retry_after_ms": 900}
ALREADY = {"code": "already-taken", "message": "taken", "answered": {"disk-a": "snap-1"}}


class FakeClock(SystemClock):
    """A clock that a sleep moves on, and nothing else."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass
class Host:
    """A host that answers with given JSON, read as the client reads it; nothing at all for None."""

    on_lease: object
    on_release: object
    released: list[str] = field(default_factory=list)

    def check(self, _plan: str, _disk_ids: object) -> PlanCheck:
        raise NotImplementedError

    def lease(self, request: LeaseRequest) -> LeaseRecord:
        return answers.record_of(request.lease_id, self._told(self.on_lease, request.lease_id))

    def release(self, lease_id: str, _answered: Mapping[str, str]) -> LeaseRecord:
        self.released.append(lease_id)
        return answers.record_of(lease_id, self._told(self.on_release, lease_id))

    def close(self) -> None:
        """Nothing is open."""

    def _told(self, stated: object, lease_id: str) -> dict[str, Any]:
        """Return what was said, of the lease that was asked for where it said LEASE."""
        if stated is None:
            raise HostUnreachable("no answer")
        return answers.parsed(json.dumps(stated).replace(LEASE, lease_id).encode())


def earns(stated: object, disk_id: str) -> set[str]:
    """Return the labels that a record names for a disk, if it is one of a lease that was whole."""
    if not isinstance(stated, dict) or (stated.get("lease_id"), stated.get("state")) != (LEASE, "RELEASED"):
        return set()
    if stated.get("verdict") != "whole" or not isinstance(stated.get("covers"), list):
        return set()
    return {one["label"] for one in stated["covers"] if isinstance(one, dict) and one["disk_id"] == disk_id}


@effort(150)
@given(nearly(RECORD), nearly(RELEASED) | st.none())
@example({**RECORD, "ttl_left_ms": "long"}, RELEASED)  # was a TypeError with the host held
@example({**RECORD, "ttl_left_ms": float("inf")}, None)  # was waited for for ever
@example(RECORD, {**RELEASED, "covers": [{**COVER, "disk_id": []}]})  # was a TypeError after the creation
@example(RECORD, {**RELEASED, "lease_id": "6" * 32})  # was a proof, of another lease
@example(RECORD, {**RELEASED, "covers": [{**COVER, "label": "crash"}, COVER]})  # the last one won
def test_no_answer_earns_more_than_it_proves_nor_keeps_a_host_held(first: object, last: object) -> None:
    host, clock = Host(first, last), FakeClock()
    holds: list[Hold] = []

    with contextlib.suppress(HostError), held([Wish(host, DISKS)], "run/g", Quiesce("mysql"), clock) as hold:
        hold.answered.update({"disk-a": "snap-1", "disk-b": "snap-2"})
        holds.append(hold)

    if not holds:
        assert host.released or not isinstance(first, dict) or first.get("state") != "HELD"
        return
    assert host.released
    assert clock.now_s <= 1000 + Quiesce("mysql").ttl_s + 2
    for disk_id, (label, _) in labels(DISKS, holds[0].answered, holds[0].released).items():
        assert label in (None, Label.CRASH) or {label.value} <= earns(last, disk_id) - {"crash"}
        assert label in (None, Label.CRASH) or "crash" not in earns(last, disk_id)


READERS: list[Callable[[Any], object]] = [
    answers.record, answers.records, answers.plan_check, answers.status, answers.error, answers.not_let_in,
]  # fmt: skip


@effort(200)
@given(
    st.sampled_from(READERS),
    st.sampled_from([RECORD, RELEASED, CHECK, STATUS, BUSY, ALREADY, {"leases": [RELEASED]}]).flatmap(nearly)
    | ANY,
)
@example(answers.plan_check, {"disks": None, "problems": []})
@example(answers.error, {**BUSY, "retry_after_ms": float("inf")})
@example(answers.error, {"code": "already-taken", "message": "x"})
@example(answers.records, {})
def test_an_answer_is_read_whole_or_refused(reader: Callable[[Any], object], stated: object) -> None:
    try:
        found = reader(answers.parsed(json.dumps(stated).encode()))
    except HostError:
        return

    assert isinstance(found, (LeaseRecord, HostStatus, PlanCheck, HostError, list))
    assert "\\ud" not in repr(found)
    for record in [found] if isinstance(found, LeaseRecord) else found if isinstance(found, list) else []:
        assert all(isinstance(cover, Cover) and isinstance(cover.label, Label) for cover in record.covers)
        assert isinstance(record.ttl_left_ms, int)
        assert json.loads(json.dumps(record.positions, allow_nan=False)) == record.positions


@effort(50)
@given(st.binary(max_size=200) | st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe{\x00"]))
def test_bytes_that_are_no_json_object_are_nobodys(content: bytes) -> None:
    with contextlib.suppress(HostError):
        assert isinstance(answers.parsed(content), dict)


class Peer:
    """Something that listens where an agent should be: greets, then sends whatever it is given."""

    def __init__(self) -> None:
        self.greeting = b""
        self.content = b""
        self.raw: bytes | None = None
        self.key = bytes(32)
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                connection.settimeout(5)
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        _request(connection)
        connection.sendall(_http(self.greeting))
        if head := _request(connection):
            nonce = next(line[16:] for line in head.split("\r\n") if line.startswith("X-Cbsnap-Nonce: "))
            digest = hashlib.sha256(self.content).hexdigest()
            text = f"CBSNAP1-RES\n200\n{nonce}\n1\n{digest}"
            signed = hmac.new(self.key, text.encode(), "sha256").hexdigest()
            more = f"X-Cbsnap-Time: 1\r\nX-Cbsnap-Signature: {signed}\r\n"
            connection.sendall(_http(self.content, more) if self.raw is None else self.raw)


def _request(connection: socket.socket) -> str:
    """Return the head of a request whose body has come, too; empty when there is none."""
    came = b""
    while b"\r\n\r\n" not in came:
        part = connection.recv(65536)
        if not part:
            return ""
        came += part
    head, _, body = came.partition(b"\r\n\r\n")
    wanted = next((int(line[16:]) for line in head.split(b"\r\n") if line[:16] == b"Content-Length: "), 0)
    while len(body) < wanted:
        body += connection.recv(65536)
    return head.decode()


def _http(content: bytes, more: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{more}Content-Length: {len(content)}\r\n\r\n".encode() + content


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.listener.close()


GREETING = b'{"start_id": "abc"}'
PIECES = st.sampled_from(
    [b"HTTP/1.1 ", b"200 OK", b"401 no", b"100 Continue", b"\r\n", b"\r\n\r\n", b"Content-Length: ", b"5",
     b"-1", b"Transfer-Encoding: chunked", b"zz\r\n", b"{}", b"\x00", b"\xff", b": ", b"X" * 70_000,
     b'{"code": "restarted"}', b"HTTP/0.9 ", b"9" * 5000, b"Content-Length: 21\r\n\r\n"]
)  # fmt: skip


@effort(40)
@given(
    st.just(GREETING) | st.binary(max_size=40) | ANY.map(lambda one: json.dumps({"start_id": one}).encode()),
    st.binary(max_size=60) | nearly(RECORD).map(lambda one: json.dumps(one).encode()),
    st.none() | st.lists(PIECES | st.binary(max_size=20), max_size=8).map(b"".join),
)
@example(b'{"start_id": "\\ud800"}', b"{}", None)  # could not be signed: an error of the interpreter's
@example(GREETING, b"[" * 100_000, None)
@example(GREETING, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 300)
def test_whatever_listens_at_an_agents_port_is_a_host_that_cannot_be_used(
    peer: Peer, greeting: bytes, content: bytes, raw: bytes | None
) -> None:
    peer.greeting, peer.content, peer.raw = greeting, content, raw
    agent = Agent(("127.0.0.1", peer.listener.getsockname()[1]), peer.key, SystemClock())

    try:
        record = agent.lease(LeaseRequest(LEASE, "run/g", "mysql", DISKS, 30, 1))
    except CbsnapError as refused:
        assert isinstance(refused, HostError)  # noqa: PT017 - nothing else may leave the adapter
    else:
        assert raw is None
        assert record.lease_id == LEASE
    finally:
        agent.close()
