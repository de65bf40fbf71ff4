"""When a timer's seven fields fire."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from localcloud.runtime.cron import ZONE, Cron, CronError

NOW = datetime(2026, 11, 22, 13, 0, 1, tzinfo=ZONE)  # a Sunday


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("* * * * * * *", NOW + timedelta(seconds=1)),
        ("*/5 * * * * * *", NOW.replace(second=5)),
        ("0 1/10 * * * * *", NOW.replace(minute=1, second=0)),
        ("0 0 2 * * * *", NOW.replace(day=23, hour=2, second=0)),
        ("0 15 10 ? * MON-FRI *", NOW.replace(day=23, hour=10, minute=15, second=0)),
        ("0 0 2 1 * * 2028", datetime(2028, 1, 1, 2, tzinfo=ZONE)),
        ("0 0 2 1 JAN ? 2027-2030/2,2028", datetime(2027, 1, 1, 2, tzinfo=ZONE)),
        ("0 0 0 29 2 ? 2027-2040", datetime(2028, 2, 29, tzinfo=ZONE)),
        ("* * * * * * 2099", datetime(2099, 1, 1, tzinfo=ZONE)),
        ("0 0 12 L * ? *", NOW.replace(day=30, hour=12, second=0)),
        ("0 0 2 24 * TUE *", NOW.replace(day=24, hour=2, second=0)),
    ],
)
def test_the_next_time_is_counted_in_utc_plus_8(expression: str, due: datetime) -> None:
    next_s = Cron(expression).next_s(NOW.timestamp())

    assert next_s is not None
    assert datetime.fromtimestamp(next_s, ZONE) == due


def test_a_day_and_a_weekday_fire_on_either() -> None:
    cron = Cron("0 0 0 24 * FRI *")

    first = cron.next_s(NOW.timestamp())
    second = cron.next_s(first or 0)

    assert [datetime.fromtimestamp(each or 0, ZONE).day for each in (first, second)] == [24, 27]


def test_after_the_last_year_there_is_no_next_time() -> None:
    assert Cron("* * * * * * 2025").next_s(NOW.timestamp()) is None


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("0 2 * * *", "has 5 fields"),
        ("0 0 0 30 2 ? *", "cannot be read"),
        ("61 0 2 * * * *", "cannot be read"),
        ("0 0 2 * * * soon", "a year that cannot be read"),
        ("0 0 2 * * * 1969", "a year outside 1970-2099"),
        ("0 0 2 * * * 2030-2028", "a year outside"),
    ],
)
def test_a_mistake_is_told(expression: str, told: str) -> None:
    with pytest.raises(CronError, match=told):
        Cron(expression)
