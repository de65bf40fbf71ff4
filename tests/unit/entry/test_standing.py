"""What a monitor goes by."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cbsnap.entry.standing import exit_code, metrics, values
from cbsnap.rules.coverage import Coverage, Standing

from tests.unit.jobs.fakes import disk

HALF_A_DAY = timedelta(hours=12)


def entry(standing: Standing, policy: str | None = "orders", age: timedelta | None = None) -> Coverage:
    return Coverage(disk("disk-a"), standing, policy, age=age)


@pytest.mark.parametrize(
    ("standings", "code"),
    [
        ([], 0),
        ([Standing.COVERED, Standing.PENDING, Standing.UNSELECTED], 0),
        ([Standing.COVERED, Standing.STALE], 1),
        ([Standing.STALE, Standing.NONE, Standing.COVERED], 2),
    ],
)
def test_the_worst_standing_is_the_exit_code(standings: list[Standing], code: int) -> None:
    assert exit_code([entry(one) for one in standings]) == code


def test_metrics_name_disk_policy_and_age() -> None:
    lines = list(metrics([entry(Standing.STALE, age=HALF_A_DAY), entry(Standing.UNSELECTED, policy=None)]))

    labels = '{region="ap-guangzhou",disk="disk-a",policy="orders"}'
    assert f"cbsnap_disk_covered{labels} 0" in lines
    assert f"cbsnap_newest_good_age_seconds{labels} 43200" in lines
    assert "cbsnap_unselected_disks 1" in lines


def test_values_carry_the_age_in_seconds() -> None:
    (one,) = values([entry(Standing.COVERED, age=HALF_A_DAY)])

    assert (one["standing"], one["age_s"], one["policy"]) == ("covered", 43200, "orders")
