"""TC3-HMAC-SHA256: whether a request is really from the holder of a key.

Pure: it takes a request's parts and a key, and says yes or raises. Who holds which key is the accounts' part.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from localcloud.errors import InvalidAuthorization, MissingParameter, SignatureExpire, SignatureFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SKEW_S = 300
_SECONDS = re.compile(r"[0-9]{1,12}")
_FORM = re.compile(
    r"TC3-HMAC-SHA256 +Credential=(?P<secret_id>[^/\s]+)/(?P<date>\d{4}-\d\d-\d\d)/(?P<service>[a-z0-9]+)"
    r"/tc3_request, *SignedHeaders=(?P<signed>[a-z0-9;-]+), *Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Authorization:
    """What an Authorization header claims."""

    secret_id: str
    date: str
    service: str
    signed: tuple[str, ...]
    signature: str


@dataclass(frozen=True)
class SignedRequest:
    """The parts of an HTTP request that are signed; header names in lower case."""

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def authorization(self) -> Authorization:
        """Read the Authorization header; both of the signed headers that the API asks for must be in it."""
        match = _FORM.fullmatch(self.headers.get("authorization", ""))
        if match is None or not {"content-type", "host"} <= set(match["signed"].split(";")):
            raise InvalidAuthorization
        return Authorization(
            match["secret_id"],
            match["date"],
            match["service"],
            tuple(match["signed"].split(";")),
            match["signature"],
        )

    def timestamp(self) -> int:
        """Return X-TC-Timestamp in seconds."""
        text = self.headers.get("x-tc-timestamp", "")
        if not _SECONDS.fullmatch(text):
            raise MissingParameter(name="X-TC-Timestamp")
        return int(text)

    def _canonical(self, signed: tuple[str, ...]) -> str:
        unsigned = self.headers.get("x-tc-content-sha256") == "UNSIGNED-PAYLOAD"
        payload = b"UNSIGNED-PAYLOAD" if unsigned else self.body
        headers = "".join(f"{name}:{self.headers.get(name, '').strip()}\n" for name in signed)
        digest = hashlib.sha256(payload).hexdigest()
        return f"{self.method}\n/\n{self.query}\n{headers}\n{';'.join(signed)}\n{digest}"

    def signature(self, claim: Authorization, secret_key: str) -> str:
        """Return the signature that `secret_key` makes of this request."""
        scope = f"{claim.date}/{claim.service}/tc3_request"
        digest = hashlib.sha256(self._canonical(claim.signed).encode()).hexdigest()
        text = f"TC3-HMAC-SHA256\n{self.headers.get('x-tc-timestamp', '')}\n{scope}\n{digest}"
        key = f"TC3{secret_key}".encode()
        for part in (claim.date, claim.service, "tc3_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()


def verify(request: SignedRequest, claim: Authorization, secret_key: str, real_now_s: float) -> None:
    """Raise unless `request` was signed with `secret_key`, within 300 s of `real_now_s`, that day."""
    timestamp = request.timestamp()
    skew_s = round(abs(real_now_s - timestamp))
    if skew_s > MAX_SKEW_S:
        raise SignatureExpire(skew_s=skew_s)
    day = datetime.fromtimestamp(timestamp, timezone.utc).strftime("%Y-%m-%d")
    expected = request.signature(claim, secret_key)
    if day != claim.date or not hmac.compare_digest(expected, claim.signature):
        raise SignatureFailure
