"""Who speaks: host keys and the two signatures, as the contract writes them. No state, no clock.

A host key is 64 hexadecimal characters; the HMAC is over its 32 bytes.
"""

import hashlib
import hmac
from typing import NamedTuple


class Signable(NamedTuple):
    """What a request's signature is over, in its order; `target` is the path with its query."""

    method: str
    target: str
    start_id: str
    time_s: str
    nonce: str
    body: bytes


def host_key(master, version, instance_id):
    """Derive a host's key from the deployment's master key (64 hex)."""
    return _hmac(master, "cbsnap-host-v1\n{}\n{}".format(version, instance_id))


def sign_request(key, request):
    """Return the signature of a Signable."""
    parts = ("CBSNAP1-REQ", *request[:-1], _digest(request.body))
    return _hmac(key, "\n".join(map(str, parts)))


def sign_response(key, status, nonce, time_s, body):
    """Return the signature of an answer to the request that carried the nonce."""
    parts = ("CBSNAP1-RES", status, nonce, time_s, _digest(body))
    return _hmac(key, "\n".join(map(str, parts)))


def is_same(left, right):
    """Compare two signatures in constant time."""
    return hmac.compare_digest(left.encode("latin-1", "replace"), right.encode("latin-1", "replace"))


def _digest(body):
    return hashlib.sha256(body).hexdigest()


def _hmac(key, text):
    return hmac.new(bytes.fromhex(key), text.encode(), hashlib.sha256).hexdigest()
