"""The key that makes asking again harmless: what it may look like, and one for who has none."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from cbsnap.jobs.restore import AskedRollback

if TYPE_CHECKING:
    from cbsnap.jobs.restore import Asked

# Without %, since no page says whether a function is given a path that is decoded or not.
PATTERN = r"^[!-$&-~]{1,100}$"


def fresh() -> str:
    """Return a key that nobody has used."""
    return secrets.token_hex(8)


def of_restore(asked: Asked, confirm: str) -> str:
    """Return a key for a restore that has none: of a rollback its agreement, which is good for one only."""
    return f"agreed-{confirm}" if isinstance(asked, AskedRollback) else fresh()
