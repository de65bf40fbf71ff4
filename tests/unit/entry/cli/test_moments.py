"""Times that a person types mean one moment, or are refused."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from cbsnap.entry.cli import moments
from cbsnap.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["Europe/Berlin"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let this machine be somewhere else."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-11-22T02:00Z", 2),
        ("2026-11-22 02:00 UTC", 2),
        ("2026-11-22 02:00:00+00:00", 2),
        ("2026-11-22 10:00+08:00", 2),
        ("2026-11-22 02:00", 1),
        ("2026-11-22T02:00:00", 1),
    ],
)
@pytest.mark.usefixtures("zone")
def test_a_time_is_in_its_own_zone_or_in_this_machines(text: str, hour: int) -> None:
    assert moments.read(text, "--at") == datetime(2026, 11, 22, hour, tzinfo=timezone.utc)


@pytest.mark.parametrize("text", ["2026-10-25 02:30", "2026-03-29 02:30"])
@pytest.mark.usefixtures("zone")
def test_a_wall_clocks_time_that_is_two_moments_or_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"--at: .* write it in UTC"):
        moments.read(text, "--at")


@pytest.mark.parametrize(
    "text", ["", "2026-11-22", "02:00", "2026-13-01 00:00", "tomorrow", "2026-11-22 02:00 CET"]
)
def test_what_is_no_time_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(InputError, match="2026-11-22T02:00Z"):
        moments.read(text, "--at")


@pytest.mark.usefixtures("zone")
def test_a_moment_is_shown_in_both_zones() -> None:
    shown = moments.shown(datetime(2026, 11, 22, 2, tzinfo=timezone.utc))

    assert shown == "2026-11-22 02:00 UTC (2026-11-22 03:00 CET here)"
