"""Times that a person types: with a zone of their own, or of this machine's; ambiguous ones are refused."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from cbsnap.errors import InputError

EXAMPLES = "2026-11-22T02:00Z, 2026-11-22 10:00+08:00, or 2026-11-22 10:00 in this machine's zone"
_FORM = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?) ?(Z|UTC|[+-]\d\d:\d\d)?")


def read(text: str, field: str) -> datetime:
    """Return the moment (UTC). Raises InputError for what is none, or for none and two in this zone."""
    day, time, zone = match.groups() if (match := _FORM.fullmatch(text.strip())) else ("", "", "")
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{_offset(zone)}")
        return moment.astimezone(timezone.utc) if moment.tzinfo else _local(moment, field)
    except (ValueError, OverflowError) as wrong:
        raise InputError(field, f"{text!r} is no date and time: write {EXAMPLES}") from wrong


def shown(moment: datetime) -> str:
    """Return a moment in UTC and, where that is another, in this machine's zone."""
    here = moment.astimezone()
    utc = f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
    return utc if not here.utcoffset() else f"{utc} ({here:%Y-%m-%d %H:%M %Z} here)"


def _offset(zone: str | None) -> str:
    return "+00:00" if zone in {"Z", "UTC"} else zone or ""


def _local(moment: datetime, field: str) -> datetime:
    """Read a wall clock's time here; where summer time begins or ends, it may be none or two moments."""
    first, second = (moment.replace(fold=fold).astimezone(timezone.utc) for fold in (0, 1))
    if first != second:
        raise InputError(
            field, f"{moment} is no one moment here, where the clocks change then: write it in UTC, with Z"
        )
    return first
