"""Who may call the HTTP API, and for what: bearer tokens, known by their SHA-256 only.

An entry is `name:scope+scope:<sha256, hex>:<the day on which it ends>`; entries have commas
between. Several may have one name, so that a token can be changed without a gap. How a refusal
looks and how long it takes is the edge's business.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum

from cbsnap.errors import InputError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FORM = "name:scope+scope:<sha256 in hex>:<YYYY-MM-DD>"


class Scope(Enum):
    """What a token may be used for. Each includes `read`; `admin` includes all."""

    READ = "read"
    SNAPSHOT = "snapshot"
    RESTORE = "restore"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Token:
    """One entry: `digest` is the token's SHA-256 in hex, `expires_at` the first moment it is void."""

    name: str
    scopes: frozenset[Scope]
    digest: str
    expires_at: datetime

    def allows(self, scope: Scope) -> bool:
        """Tell whether the token may be used for this."""
        return scope is Scope.READ or not self.scopes.isdisjoint({scope, Scope.ADMIN})

    def __str__(self) -> str:
        """Return the entry that stands for this token."""
        scopes = "+".join(scope.value for scope in Scope if scope in self.scopes)
        return f"{self.name}:{scopes}:{self.digest}:{self.expires_at:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Keyring:
    """All tokens; `mistakes` says which entries are none, so that one of them does not lock all out."""

    tokens: tuple[Token, ...] = ()
    mistakes: tuple[str, ...] = ()

    def matching(self, secret: str, now: datetime) -> Token | None:
        """Return the token that this secret is, unless it has ended; all are compared, in constant time."""
        given = digest(secret)
        equal = [token for token in self.tokens if hmac.compare_digest(given, token.digest)]
        return next((token for token in equal if now < token.expires_at), None)


def keyring(entries: str) -> Keyring:
    """Return the tokens of a list of entries."""
    good, mistakes = [], []
    for entry in filter(str.strip, entries.split(",")):
        try:
            good.append(parse(entry))
        except InputError as wrong:
            mistakes.append(str(wrong))
    return Keyring(tuple(good), tuple(mistakes))


def digest(secret: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def parse(entry: str) -> Token:
    """Return the token of one entry. Raises InputError, which says what is wrong without its digest."""
    name, scopes, kept, day, *more = [*entry.strip().split(":"), "", "", ""]
    if any(more) or not _NAME.fullmatch(name):
        raise InputError("CBSNAP_API_TOKENS", f"an entry is {_FORM}")
    where = f"CBSNAP_API_TOKENS.{name}"
    if not _DIGEST.fullmatch(kept.lower()):
        raise InputError(where, "the digest must be a SHA-256, 64 hex digits")
    return Token(name, _scopes(scopes, where), kept.lower(), _moment(day, where))


def _scopes(text: str, where: str) -> frozenset[Scope]:
    known = {scope.value: scope for scope in Scope}
    words = text.split("+")
    if unknown := [word for word in words if word not in known]:
        raise InputError(where, f"{unknown[0][:20]!r} is no scope; there are {', '.join(known)}")
    return frozenset(known[word] for word in words)


def _moment(day: str, where: str) -> datetime:
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError as wrong:
        raise InputError(where, "the last part must be the day on which it ends, YYYY-MM-DD") from wrong
