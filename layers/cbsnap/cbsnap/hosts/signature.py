"""Who speaks: keys of one host each, and what is signed; the form is the agent's, tests share vectors.

A key opens one host only. The agent's start id is in what is signed, so that nothing recorded
before its restart can be replayed after it.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from cbsnap.errors import InputError

_MASTER_KEY = re.compile(r"[0-9a-f]{64}")


def host_key(master: str, version: int, instance_id: str) -> bytes:
    """Derive one host's key from the deployment's master key (64 hex digits)."""
    if not _MASTER_KEY.fullmatch(master):
        raise InputError("CBSNAP_MASTER_KEY", "must be 64 hex digits; make one with: openssl rand -hex 32")
    text = f"cbsnap-host-v1\n{version}\n{instance_id}"
    return hmac.new(bytes.fromhex(master), text.encode(), hashlib.sha256).digest()


def of_request(  # noqa: PLR0913 - each is a line of what is signed
    key: bytes, *, method: str, target: str, start_id: str, time_s: int, nonce: str, body: bytes
) -> str:
    """Sign a request; `target` is the path with its query, as sent."""
    return _sign(key, "CBSNAP1-REQ", method, target, start_id, str(time_s), nonce, _digest(body))


def of_answer(key: bytes, status: int, nonce: str, time_s: str, body: bytes) -> str:
    """Return what an answer to the request with this nonce must be signed with."""
    return _sign(key, "CBSNAP1-RES", str(status), nonce, time_s, _digest(body))


def same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _sign(key: bytes, *lines: str) -> str:
    return hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()
