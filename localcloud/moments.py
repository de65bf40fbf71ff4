"""Moments as requests and answers write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from localcloud.errors import InvalidParameterValue

EARLIEST_S, LATEST_S = (
    0.0,
    221_845_392_000.0,
)  # 1970 to 9000: what every answer can write, with room to add to
SHANGHAI = timezone(timedelta(hours=8))


def shanghai(moment_s: float) -> str:
    """Write a moment as the answers of CBS do: naive, in Asia/Shanghai (recorded)."""
    return datetime.fromtimestamp(moment_s, SHANGHAI).isoformat(" ", "seconds")[:19]


def utc(moment_s: float) -> str:
    """Write a moment as ISO 8601 in UTC, the form of CVM's answers (recorded)."""
    return datetime.fromtimestamp(moment_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_moment(text: str, name: str) -> float:
    """Read the ISO 8601 moment of the parameter `name`, of 1970 to 8999; one without an offset is in UTC."""
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise InvalidParameterValue(name=name, reason=f"`{text}` is not ISO 8601") from error
    moment_s = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    if not EARLIEST_S <= moment_s < LATEST_S:
        raise InvalidParameterValue(name=name, reason=f"`{text}` is not of the years 1970 to 8999")
    return moment_s
