"""One process that speaks the agents' protocol for every instance of a made-up fleet, and holds nothing.

Run by itself: `python standin.py PORT MASTER READY_FILE`. Which instance is meant follows from the address
that was connected to, so it listens on all of them. Requests are verified and answers signed as an agent
does; leases are kept, one at a time on a host, and a release is whole if it comes in time.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import sys
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = int(IPv4Address("127.64.0.1"))
LEASE = {"boot_id": "standin", "agent": "standin", "plan_hash": "0" * 64, "positions": {}, "caveats": []}
Json = dict[str, Any]


def address(number: int) -> str:
    """Return the private address of an instance."""
    return str(IPv4Address(FIRST + number))


def instance_id(number: int) -> str:
    """Return the id of an instance."""
    return f"ins-{number:08d}"


def disk_ids(number: int, each: int) -> list[str]:
    """Return the ids of an instance's disks."""
    return [f"disk-{number * each + place:08d}" for place in range(each)]


@dataclass
class Host:
    """What is remembered of one instance."""

    key: bytes
    start_id: str = field(default_factory=lambda: secrets.token_hex(16))
    leases: dict[str, Json] = field(default_factory=dict)
    held_until: float = 0.0


class StandIn:
    """All hosts, by number; made when first spoken to."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._hosts: dict[int, Host] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, until its end."""
        host = self._host(int(IPv4Address(writer.get_extra_info("sockname")[0])) - FIRST)
        try:
            while (request := await _request(reader)) is not None:
                writer.write(_answered(host, *request))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the function has gone
        finally:
            writer.close()

    def _host(self, number: int) -> Host:
        if number not in self._hosts:
            text = f"cbsnap-host-v1\n1\n{instance_id(number)}"
            self._hosts[number] = Host(hmac.new(self._master, text.encode(), hashlib.sha256).digest())
        return self._hosts[number]


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str], bytes] | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, target, _ = first.split(" ", 2)
    return method, target, headers, await reader.readexactly(int(headers.get("content-length", 0)))


def _answered(host: Host, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
    if target == "/v1/hello":
        return _http(200, json.dumps({"start_id": host.start_id, "agent": "standin"}).encode())
    nonce, time_s = headers["x-cbsnap-nonce"], headers["x-cbsnap-time"]
    digest = hashlib.sha256(body).hexdigest()
    signed = _signed(host, "CBSNAP1-REQ", method, target, host.start_id, time_s, nonce, digest)
    if signed != headers["x-cbsnap-signature"]:
        return _http(401, b'{"code": "bad-signature", "field": null, "message": "of another host"}')
    status, answer = _done(host, target, json.loads(body))
    content, now = json.dumps(answer).encode(), str(int(time.time()))
    digest = hashlib.sha256(content).hexdigest()
    signature = _signed(host, "CBSNAP1-RES", str(status), nonce, now, digest)
    return _http(status, content, f"X-Cbsnap-Time: {now}\r\nX-Cbsnap-Signature: {signature}\r\n")


def _done(host: Host, target: str, asked: Json) -> tuple[int, Json]:
    if target.endswith("/check"):
        return 200, {"disks": asked["disks"], "label": "application", "problems": [], "caveats": []}
    if target.endswith("/release"):
        return 200, _released(host, host.leases[target.split("/")[3]], asked["answered"])
    if host.held_until > time.monotonic():
        return 409, {"code": "busy", "field": None, "message": "held", "retry_after_ms": 200}
    host.held_until = time.monotonic() + asked["ttl_s"]
    host.leases = {asked["lease_id"]: _held(asked)}
    return 201, host.leases[asked["lease_id"]]


def _held(asked: Json) -> Json:
    return LEASE | {
        "lease_id": asked["lease_id"],
        "operation": asked["operation"],
        "plan": asked["plan"],
        "state": "HELD",
        "ttl_left_ms": int(asked["ttl_s"] * 1000),
        "covers": [
            {"disk_id": disk, "mount": "/data", "fstype": "ext4", "how": "lock+sync", "label": "application"}
            for disk in asked["disks"]
        ],
        "steps": [],
        "verdict": None,
        "reason": None,
        "answered": {},
        "locked_ms": None,
        "frozen_ms": None,
        "began": time.monotonic(),
    }


def _released(host: Host, lease: Json, answered: Json) -> Json:
    now = time.monotonic()
    in_time = now < host.held_until
    lease |= {"answered": answered, "ttl_left_ms": 0, "locked_ms": round(1000 * (now - lease["began"]), 1)}
    lease |= {
        "state": "RELEASED" if in_time else "EXPIRED",
        "verdict": "whole" if in_time else "broken",
    }
    host.held_until = 0.0
    return lease


def _signed(host: Host, *lines: str) -> str:
    return hmac.new(host.key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()


def _http(status: int, content: bytes, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    return f"{head}{headers}\r\n".encode() + content


async def main(port: int, master: str, say_ready: Callable[[], None]) -> None:
    """Serve until killed."""
    every = "0.0.0.0"  # noqa: S104 - each instance has an address of this machine's own, 127.64.0.0 and on
    server = await asyncio.start_server(StandIn(bytes.fromhex(master)).serve, every, port, backlog=1024)
    say_ready()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]).touch))
