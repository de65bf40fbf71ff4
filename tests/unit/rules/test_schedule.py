"""Due times, by the wall where a time is fixed and by the clock where it is not."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from cbsnap.errors import InputError
from cbsnap.rules.schedule import latest_due, next_due, upcoming, validate
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

UTC = timezone.utc
ZONES = [
    "UTC",
    "Asia/Shanghai",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Beirut",
]
FIXED = [
    "0 2 * * *",
    "30 2 * * *",
    "0,30 1-3 * * *",
    "15 0 * * 1-5",
    "0 2 29 2 *",
    "59 23 L * *",
    "7 3,5 1 */3 *",
]
ELAPSED = ["* * * * *", "*/15 * * * *", "30 * * * *", "0 */6 * * *", "*/20 2 * * *", "*/30 0 * * SUN#1"]
INSTANTS = st.datetimes(datetime(1995, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis wants naive bounds


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dues(cron: str, zone: str, start: str, count: int) -> list[str]:
    """Return the next due times as the wall of the zone shows them, with its offset."""
    now = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found = upcoming(cron, zone, now, count)
    return [due.astimezone(ZoneInfo(zone)).isoformat(" ", "minutes") for due in found]


def changes() -> list[tuple[str, datetime]]:
    """Return the moments at which one of the zones changes its clocks, 2005 to 2029."""
    found = []
    for zone in ZONES:
        hour, end = utc("2005-01-01"), utc("2030-01-01")
        while hour < end:
            day = hour + timedelta(days=1)
            if hour.astimezone(ZoneInfo(zone)).utcoffset() != day.astimezone(ZoneInfo(zone)).utcoffset():
                found.append((zone, hour))
            hour = day
    return found


CHANGES = changes()
WITHIN_A_DAY = [(zone, day) for zone, day in CHANGES if (zone, day.year) != ("Pacific/Apia", 2011)]


def test_an_ordinary_day_is_due_once_at_its_time() -> None:
    assert dues("0 2 * * *", "Asia/Shanghai", "2026-11-22 02:00", 2) == [
        "2026-11-23 02:00+08:00",
        "2026-11-24 02:00+08:00",
    ]


def test_a_due_time_is_its_own_latest_until_the_next() -> None:
    due, following = utc("2026-11-21 18:00"), utc("2026-11-22 18:00")

    assert latest_due("0 2 * * *", "Asia/Shanghai", due) == due
    assert latest_due("0 2 * * *", "Asia/Shanghai", following - timedelta(microseconds=1)) == due
    assert next_due("0 2 * * *", "Asia/Shanghai", due) == following
    assert latest_due("0 2 * * *", "Asia/Shanghai", due - timedelta(microseconds=1)) < due


def test_a_fixed_time_that_the_clocks_skip_falls_on_the_moment_after() -> None:
    assert dues("30 2 * * *", "Europe/Berlin", "2026-03-28 12:00", 2) == [
        "2026-03-29 03:00+02:00",
        "2026-03-30 02:30+02:00",
    ]


def test_fixed_times_in_one_gap_are_due_once() -> None:
    assert dues("0,30 2,3 * * *", "Europe/Berlin", "2026-03-28 12:00", 3) == [
        "2026-03-29 03:00+02:00",
        "2026-03-29 03:30+02:00",
        "2026-03-30 02:00+02:00",
    ]


def test_a_fixed_time_that_the_clocks_repeat_is_due_the_first_time_only() -> None:
    assert dues("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", 2) == [
        "2026-10-25 02:30+02:00",
        "2026-10-26 02:30+01:00",
    ]


def test_between_the_two_readings_of_a_repeated_time_the_first_is_the_latest() -> None:
    second_0215 = utc("2026-10-25 01:15")

    assert latest_due("30 2 * * *", "Europe/Berlin", second_0215) == utc("2026-10-25 00:30")
    assert next_due("30 2 * * *", "Europe/Berlin", second_0215) == utc("2026-10-26 01:30")


def test_elapsed_time_runs_through_a_gap_and_a_repeated_hour() -> None:
    assert dues("*/30 * * * *", "Europe/Berlin", "2026-03-29 01:15", 2) == [
        "2026-03-29 01:30+01:00",
        "2026-03-29 03:00+02:00",
    ]
    assert dues("*/30 * * * *", "Europe/Berlin", "2026-10-25 02:15", 4) == [
        "2026-10-25 02:30+02:00",
        "2026-10-25 02:00+01:00",
        "2026-10-25 02:30+01:00",
        "2026-10-25 03:00+01:00",
    ]


def test_a_half_hour_of_daylight_saving_is_respected() -> None:
    assert dues("45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00", 2) == [
        "2026-04-05 01:45+11:00",
        "2026-04-06 01:45+10:30",
    ]
    assert dues("15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", 1) == ["2026-10-04 02:30+11:00"]


def test_a_day_that_an_island_skipped_is_made_up_at_its_end() -> None:
    assert dues("0 2 * * *", "Pacific/Apia", "2011-12-29 12:00", 2) == [
        "2011-12-31 00:00+14:00",
        "2011-12-31 02:00+14:00",
    ]


def test_a_midnight_that_the_clocks_skip_falls_on_one_in_the_morning() -> None:
    assert dues("0 0 * * *", "Asia/Beirut", "2026-03-28 12:00", 1) == ["2026-03-29 01:00+03:00"]
    assert dues("*/30 0 * * *", "Asia/Beirut", "2026-03-28 12:00", 1) == ["2026-03-30 00:00+03:00"]


def test_the_leap_day_is_found_over_a_century_without_one() -> None:
    assert dues("0 2 29 2 *", "UTC", "2096-03-01 00:00", 1) == ["2104-02-29 02:00+00:00"]
    assert latest_due("0 2 29 2 *", "UTC", utc("2104-02-28")) == utc("2096-02-29 02:00")


@given(st.sampled_from(FIXED + ELAPSED), st.sampled_from(ZONES), INSTANTS)
def test_the_latest_is_past_the_next_is_to_come_and_they_agree(cron: str, zone: str, now: datetime) -> None:
    last, following = latest_due(cron, zone, now), next_due(cron, zone, now)

    assert last <= now < following
    assert latest_due(cron, zone, following) == following
    assert next_due(cron, zone, last) == following
    assert latest_due(cron, zone, following - timedelta(microseconds=1)) == last


@given(st.sampled_from(FIXED + ELAPSED), st.sampled_from(CHANGES), st.integers(-36 * 60, 36 * 60))
def test_they_agree_around_every_change_of_the_clocks(
    cron: str, change: tuple[str, datetime], minutes: int
) -> None:
    zone, day = change
    now = day + timedelta(minutes=minutes)

    last, following = latest_due(cron, zone, now), next_due(cron, zone, now)

    assert last <= now < following
    assert latest_due(cron, zone, following) == following
    assert next_due(cron, zone, last) == following


@settings(max_examples=20)  # each walks a day and more, minute by minute
@given(st.sampled_from(ELAPSED), st.sampled_from(CHANGES))
def test_elapsed_schedules_are_due_at_just_the_matching_minutes(
    cron: str, change: tuple[str, datetime]
) -> None:
    zone, day = change
    minutes = [day + timedelta(minutes=n) for n in range(-60, 1620)]

    found, now = [], minutes[0] - timedelta(minutes=1)
    while (now := next_due(cron, zone, now)) <= minutes[-1]:
        found.append(now)

    assert found == [minute for minute in minutes if shows_match(cron, minute.astimezone(ZoneInfo(zone)))]


@given(
    st.sampled_from(["0 2 * * *", "30 2 * * *", "10 0 * * *", "45 1 * * *"]), st.sampled_from(WITHIN_A_DAY)
)
def test_a_daily_fixed_time_is_due_once_a_day_of_the_calendar(
    cron: str, change: tuple[str, datetime]
) -> None:
    zone, day = change
    noon = day.astimezone(ZoneInfo(zone)).replace(hour=12, minute=0, fold=0) - timedelta(days=3)

    for _ in range(6):
        due = next_due(cron, zone, noon.astimezone(UTC))

        noon += timedelta(days=1)
        assert due <= noon.astimezone(UTC) < next_due(cron, zone, due)


def shows_match(cron: str, wall: datetime) -> bool:
    naive = wall.replace(tzinfo=None)
    return next(CronSim(cron, naive - timedelta(seconds=1))) == naive


@given(
    st.text(max_size=20) | st.from_regex(r"[0-9*/,\-L#A-Z]{1,6}( [0-9*/,\-LW#A-Z]{1,6}){4}", fullmatch=True)
)
def test_any_text_is_a_schedule_or_an_error_that_names_the_field(text: str) -> None:
    field = ""

    try:
        validate(text, "Europe/Berlin")
    except InputError as error:
        field = error.field

    assert field == "schedule" or next_due(text, "Europe/Berlin", utc("2026-01-01")) > utc("2026-01-01")


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "0 2 * *",
        "0 0 2 * * *",
        "@daily",
        "61 2 * * *",
        "0 2 30 2 *",
        "0 0 */30 2 MON#5",
        "0 2 * * XYZ",
        "0 2 * * 9",
        "9" * 5000 + " 2 * * *",
    ],
)
def test_what_is_no_schedule_is_refused_by_field(cron: str) -> None:
    with pytest.raises(InputError) as caught:
        validate(cron, "UTC")

    assert caught.value.field == "schedule"
    assert len(caught.value.message) < 600


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Asia/Shangai", "Asia/Shanghai"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe", "did you mean"),
        ("", "IANA name"),
        ("../etc/passwd", "IANA name"),
        ("/etc/localtime", "did you mean"),
        ("a\0b", "IANA name"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest_one(zone: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        validate("0 2 * * *", zone)

    assert caught.value.field == "time_zone"
    assert hint in caught.value.message
