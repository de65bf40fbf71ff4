"""Who is let in: signatures over this start of the agent, clock skew, replays. Holds the nonces it has seen.

Answers nothing itself: it returns the key that a request was signed with, or raises the Refusal.
"""

import collections
import http.client
import os
import re
import secrets
import threading
import time
import urllib.request

from . import signing
from .errors import Refusal

MAX_SKEW_S = 60
_STARTS_KEPT = 16
_METADATA_LIMIT_S = 2
_TIME = re.compile(r"^[0-9]{1,12}$")
_NONCE = re.compile(r"^[0-9a-f]{32}$")


class Gate:
    """The gate of one start of the agent, over a KeyFile. A client signs its `start_id` with each request."""

    def __init__(self, keys, runtime_dir, clock=time.time):
        self.start_id = secrets.token_hex(16)
        self._keys = keys
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = collections.OrderedDict()  # nonce -> when it may be forgotten
        self._earlier = _remember_start(runtime_dir, self.start_id)

    def key_versions(self):
        """Return which keys are valid now; none where nobody signs."""
        return sorted(self._keys.current()) if self._keys else []

    def admit(self, method, target, headers, body):
        """Return (key, nonce) of a well signed request; raises Refusal 401 with the reason."""
        time_s, nonce = headers.get("X-Cbsnap-Time", ""), headers.get("X-Cbsnap-Nonce", "")
        signature = headers.get("X-Cbsnap-Signature", "")
        if not (_TIME.match(time_s) and _NONCE.match(nonce)):
            raise Refusal(401, "bad-signature", "X-Cbsnap-Time and X-Cbsnap-Nonce are missing or malformed")

        def signer(start_id):
            request = signing.Signable(method, target, start_id, time_s, nonce, body)
            made = [(key, signing.sign_request(key, request)) for key in self._keys.current().values()]
            return next((key for key, ours in made if signing.is_same(ours, signature)), None)

        key = signer(self.start_id)
        if key is None and any(map(signer, self._earlier)):
            raise Refusal(401, "restarted", "the agent has restarted: fetch /v1/hello and sign anew")
        if key is None:
            raise Refusal(401, "bad-signature", "the signature fits no key of this host")
        self._check_time(int(time_s), nonce)
        return key, nonce

    def _check_time(self, time_s, nonce):
        now = self._clock()
        if abs(now - time_s) > MAX_SKEW_S:
            raise Refusal(401, "clock-skew", "the clocks differ by {} s".format(int(abs(now - time_s))))
        with self._lock:
            while self._seen and next(iter(self._seen.values())) < now:
                self._seen.popitem(last=False)
            if nonce in self._seen:
                raise Refusal(401, "replayed", "this nonce has been used")
            self._seen[nonce] = now + 2 * MAX_SKEW_S


class Identity:
    """Whether this host is the instance that the configuration names: an image's clone is another one."""

    def __init__(self, instance_id, metadata_url):
        self.instance_id = instance_id
        self._url = metadata_url
        self._is_confirmed = metadata_url is None

    def check(self):
        """Raise Refusal 403 unless the metadata name this instance; asked until they have, once a start."""
        if self._is_confirmed:
            return
        try:
            with urllib.request.urlopen(self._url, timeout=_METADATA_LIMIT_S) as answer:  # noqa: S310 - http only, see config
                found = answer.read(200).decode("ascii", "replace").strip()
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Refusal(403, "wrong-instance", "the metadata cannot be read: {}".format(error)) from error
        if found != self.instance_id:
            message = "configured for {}, but the metadata say {}"
            raise Refusal(403, "wrong-instance", message.format(self.instance_id, found))
        self._is_confirmed = True


def _remember_start(runtime_dir, start_id):
    """Note this start, and return the earlier ones: only to tell `restarted` from `bad-signature`."""
    path = os.path.join(runtime_dir, "starts")
    try:
        with open(path, errors="replace") as source:
            earlier = source.read().split()[-_STARTS_KEPT:]
    except FileNotFoundError:
        earlier = []
    with open(path, "w") as target:
        target.write("\n".join([*earlier, start_id]) + "\n")
    return earlier
