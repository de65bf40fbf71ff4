"""A snapshot's name carries its run and its disk, and nothing else looks like one."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
from cbsnap.errors import InputError
from cbsnap.model.runs import Run
from cbsnap.rules.names import belongs, parse, snapshot_name
from hypothesis import given
from hypothesis import strategies as st

DUE = datetime(2026, 11, 22, 2, 0, tzinfo=timezone.utc)
POLICIES = st.from_regex(r"[a-z][a-z0-9-]{1,27}", fullmatch=True)
DISK_IDS = st.from_regex(r"disk-[a-z0-9][a-z0-9-]{7}", fullmatch=True)
DUES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001 hypothesis wants naive bounds
RUNS = st.builds(Run, POLICIES, DUES, st.none() | st.text())


def test_a_scheduled_run_is_named_by_policy_time_and_disk() -> None:
    name = snapshot_name(Run("orders-db", DUE), "disk-1a2b3c4d")

    assert name == "orders-db.20261122T0200Z.1a2b3c4d"


def test_a_requested_run_adds_seven_digits_of_its_keys_hash() -> None:
    name = snapshot_name(Run("manual", DUE, key="abc"), "disk-1a2b3c4d")

    assert name == "manual.20261122T0200Z.1a2b3c4d.ba7816b"


def test_the_time_is_written_in_utc_whatever_zone_it_comes_in() -> None:
    shanghai = timezone(timedelta(hours=8))

    name = snapshot_name(Run("nightly", datetime(2026, 11, 22, 10, 0, tzinfo=shanghai)), "disk-1a2b3c4d")

    assert name == "nightly.20261122T0200Z.1a2b3c4d"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the process live in another time zone."""
    with monkeypatch.context() as there:
        there.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
def test_the_time_is_written_in_utc_wherever_the_function_runs() -> None:
    assert snapshot_name(Run("nightly", DUE), "disk-1a2b3c4d") == "nightly.20261122T0200Z.1a2b3c4d"


def test_a_name_of_sixty_characters_is_the_longest() -> None:
    longest = "disk-" + "1" * 35

    name = snapshot_name(Run("orders-db", DUE), longest)

    assert len(name) == 60
    assert belongs(name, Run("orders-db", DUE), longest)
    with pytest.raises(InputError, match=r"of 61 characters, 60 at most: shorten the policy's name$"):
        snapshot_name(Run("orders-db2", DUE), longest)


@given(RUNS, DISK_IDS)
def test_every_name_fits_and_reads_back_as_its_own_run(run: Run, disk_id: str) -> None:
    name = snapshot_name(run, disk_id)

    parsed = parse(name)

    assert len(name) <= 60
    assert parsed is not None
    assert (parsed.policy, parsed.disk_id) == (run.policy, disk_id)
    assert parsed.due == run.due.replace(second=0, microsecond=0)
    assert (parsed.digest is None) == (run.key is None)
    assert belongs(name, run, disk_id)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "orders-db",
        "orders-db.20261122T0200Z",
        "orders-db.20261122T0200Z.",
        "orders-db.20261122T0200Z.1a2b3c4d.",
        "orders-db.20261122T0200Z.1a2b3c4d.BA7816B",
        "orders-db.20261122T0200Z.1a2b3c4d.ba7816",
        "orders-db.20261122T0200Z.1a2b3c4d.ba7816b.x",
        "orders-db.20261122T0200Z.1a2b3c4d\n",
        "orders-db.20261122T0200Z.1A2B3C4D",
        "orders-db.20261322T0200Z.1a2b3c4d",
        "orders-db.20260230T0200Z.1a2b3c4d",
        "orders-db.20261122T2460Z.1a2b3c4d",
        "orders-db.2026112٢T0200Z.1a2b3c4d",
        "orders.db.20261122T0200Z.1a2b3c4d",
        "Orders-db.20261122T0200Z.1a2b3c4d",
        "o.20261122T0200Z.1a2b3c4d",
        "a" * 29 + ".20261122T0200Z.1a2b3c4d",
        "orders-db.20261122T0200Z." + "1" * 50,
    ],
)
def test_a_name_that_does_not_parse_is_nobody_of_ours(name: str) -> None:
    assert parse(name) is None
    assert not belongs(name, Run("orders-db", DUE), "disk-1a2b3c4d")


@pytest.mark.parametrize(
    "other",
    [
        "orders-da.20261122T0200Z.1a2b3c4d",
        "orders-db.20261122T0201Z.1a2b3c4d",
        "orders-db.20261122T0200Z.1a2b3c4e",
        "orders-db.20261122T0200Z.1a2b3c4d.ba7816b",
    ],
)
def test_another_policy_time_disk_or_a_request_is_not_the_scheduled_run(other: str) -> None:
    assert parse(other) is not None
    assert not belongs(other, Run("orders-db", DUE), "disk-1a2b3c4d")


def test_a_request_is_done_under_its_key_whatever_the_time() -> None:
    earlier = snapshot_name(Run("manual", DUE, key="abc"), "disk-1a2b3c4d")

    again = Run("manual", DUE + timedelta(days=3), key="abc")

    assert belongs(earlier, again, "disk-1a2b3c4d")


def test_a_request_under_another_key_is_not_done() -> None:
    earlier = snapshot_name(Run("manual", DUE, key="abc"), "disk-1a2b3c4d")

    assert not belongs(earlier, Run("manual", DUE, key="abd"), "disk-1a2b3c4d")


def test_an_empty_key_is_a_key() -> None:
    name = snapshot_name(Run("manual", DUE, key=""), "disk-1a2b3c4d")

    assert name == "manual.20261122T0200Z.1a2b3c4d.e3b0c44"


@pytest.mark.parametrize("policy", ["", "a", "a" * 29, "1st", "-a", "Orders", "a.b", "a_b", "ab\n", "é1"])
def test_a_policy_that_cannot_stand_in_a_name_is_refused_by_field(policy: str) -> None:
    with pytest.raises(InputError) as caught:
        snapshot_name(Run(policy, DUE), "disk-1a2b3c4d")

    assert caught.value.field == "policy"
    assert caught.value.message.endswith("use 2 to 28 lower-case letters, digits and hyphens, a letter first")


@pytest.mark.parametrize(
    "disk_id", ["", "disk-", "1a2b3c4d", "disk-a.b", "snap-1a2b3c4d", "disk-" + "a" * 40]
)
def test_a_disk_id_that_cannot_stand_in_a_name_is_refused_by_field(disk_id: str) -> None:
    with pytest.raises(InputError) as caught:
        snapshot_name(Run("orders-db", DUE), disk_id)

    assert caught.value.field == "disk_id"
    assert disk_id in caught.value.message
