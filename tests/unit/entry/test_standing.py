"""What a monitor goes by."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cbsnap.entry.standing import exit_code, metrics, values
from cbsnap.rules.coverage import Coverage, Standing
from cbsnap.rules.ours import ours

from tests.unit.jobs.fakes import disk
from tests.unit.jobs.shelf import OURS, shot

HALF_A_DAY = timedelta(hours=12)


A_DAY = timedelta(days=1)


def entry(standing: Standing, policy: str | None = "orders", age: timedelta | None = None) -> Coverage:
    return Coverage(disk("disk-a"), standing, policy, age=age, within=A_DAY if policy else None)


def drilled(verdict: str) -> Coverage:
    (tried,) = ours([shot(tags={**OURS, "cbsnap:drill": verdict})], "prod")
    return replace(entry(Standing.COVERED), drilled=tried)


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
    assert f"cbsnap_newest_good_target_seconds{labels} 86400" in lines
    assert not [line for line in lines if line.startswith("cbsnap_last_drill_passed{")]


@pytest.mark.parametrize(("verdict", "passed"), [("passed", 1), ("failed", 0), ("unfinished", 0)])
def test_the_last_drill_is_told_with_what_it_was_of(verdict: str, passed: int) -> None:
    tried = drilled(verdict)

    (value,), lines = values([tried]), list(metrics([tried]))

    assert (value["drill"], value["drilled"]) == (verdict, "snap-1")
    assert (
        f'cbsnap_last_drill_passed{{region="ap-guangzhou",disk="disk-a",policy="orders"}} {passed}' in lines
    )


def test_metrics_are_what_a_prometheus_reads() -> None:
    lines = list(metrics([drilled("passed"), entry(Standing.STALE, age=HALF_A_DAY)]))

    assert [
        line
        for line in lines
        if re.fullmatch(r"# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{.*\})? -?[0-9]+", line) is None
    ] == []
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families))
    for line in lines:
        assert line.startswith("#") or re.split(r"[{ ]", line)[0] in families


def test_values_carry_the_age_in_seconds() -> None:
    (one,) = values([entry(Standing.COVERED, age=HALF_A_DAY)])

    assert (one["standing"], one["age_s"], one["policy"]) == ("covered", 43200, "orders")
    assert (one["target_s"], one["drill"], one["drilled"]) == (86400, None, None)
