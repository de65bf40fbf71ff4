"""Makes a bearer token for the HTTP API: `python -m cbsnap.entry.new_token ci snapshot 2027-01-01`.

Prints the token, which is for its holder and kept nowhere, and the entry for CBSNAP_API_TOKENS.
"""

from __future__ import annotations

import secrets
import sys

from cbsnap.errors import InputError
from cbsnap.rules import tokens

_BYTES = 32


def made(name: str, scopes: str, ends: str) -> tuple[str, str]:
    """Return a new token and its entry; `scopes` have + between. Raises InputError."""
    secret = secrets.token_urlsafe(_BYTES)
    return secret, str(tokens.parse(f"{name}:{scopes}:{tokens.digest(secret)}:{ends}"))


def main(arguments: list[str]) -> int:
    """Print a token and its entry; returns the exit code."""
    try:
        name, scopes, ends = arguments
        secret, entry = made(name, scopes, ends)
    except ValueError:
        return _complain("give name, scopes and the day on which it ends: ci snapshot+read 2027-01-01")
    except InputError as wrong:
        return _complain(str(wrong))
    print(f"token (shown once): {secret}\nCBSNAP_API_TOKENS:   {entry}")  # noqa: T201 - a command's answer
    return 0


def _complain(message: str) -> int:
    print(message, file=sys.stderr)  # noqa: T201 - a command speaks to its caller
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
