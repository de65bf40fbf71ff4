"""Calls through the function's adapter to an application behind the edge, under a clock moved by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from cbsnap.entry import asgi
from cbsnap.rules.tokens import digest, keyring

SECRET = "the only right one"  # noqa: S105 - opens nothing
KEYS = keyring(f"ci:snapshot:{digest(SECRET)}:2027-01-01,gone:admin:{digest('expired')}:2026-01-01")


@dataclass
class Clock:
    """Time that passes when somebody waits; the time of day stands still."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=timezone.utc)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str
    is_base64: bool = False

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.text)


@dataclass
class Caller:
    """Sends function URL events; `secret` None sends no token."""

    application: Any
    secret: str | None = SECRET
    address: str = "203.0.113.9"
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: str = "", **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        token = {} if self.secret is None else {"authorization": f"Bearer {self.secret}"}
        event = {
            "httpMethod": method,
            "path": path,
            "body": body,
            "headers": {"x-scf-remote-addr": self.address, **token, **self.headers, **given},
            "queryString": {},
        }
        came = asgi.answer(self.application, event, "request-1")
        return Answer(came["statusCode"], came["headers"], came["body"], came["isBase64Encoded"])
