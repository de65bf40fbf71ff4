"""What a scratch host says is read strictly, and judged by what the snapshots' label claims."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cbsnap.model.labels import Label
from cbsnap.rules.drillreports import Cut, DrillReport, Verdict, judged, read
from cbsnap.rules.ours import ours
from cbsnap.upkeep import Check
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.jobs.shelf import shot

if TYPE_CHECKING:
    from cbsnap.rules.ours import Ours

SAID = {
    "verdict": "failed",
    "cut": "inside",
    "checks": [
        {"name": "ext4", "ok": True, "detail": "", "ms": 7},
        {"name": "mysql", "ok": False, "detail": "t1", "ms": 2},
    ],
    "reason": "",
}
REPORT = DrillReport(Verdict.FAILED, Cut.INSIDE, (Check("ext4", True, "", 7), Check("mysql", False, "t1", 2)))  # noqa: FBT003 - as the host says it


def labelled(label: Label | None) -> list[Ours]:
    return ours([shot(label=label)], "prod")


def test_the_report_is_the_last_line_that_is_one() -> None:
    output = (
        f"warning: {{}}\n{json.dumps({**SAID, 'verdict': 'passed'})}\n{json.dumps(SAID)}\n{{not a report}}\n"
    )

    assert read(output) == REPORT


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": "splendid"},
        {"cut": 3},
        {"checks": None},
        {"checks": [{"name": "x"}]},
        {"checks": ["x"]},
        {"checks": [{"name": "x", "ok": True, "detail": "", "ms": "soon"}]},
    ],
)
def test_what_is_not_a_report_is_none(changed: dict[str, object]) -> None:
    assert read(json.dumps({**SAID, **changed})) is None


@pytest.mark.parametrize("ok", [1, "true", "yes", None])
def test_only_true_is_well(ok: object) -> None:
    said = {**SAID, "checks": [{"name": "x", "ok": ok, "detail": "", "ms": 1}]}

    report = read(json.dumps(said))

    assert report is not None
    assert not report.checks[0].ok


@given(
    st.text()
    | st.dictionaries(
        st.sampled_from(["verdict", "cut", "checks"]), st.none() | st.text() | st.lists(st.integers())
    ).map(json.dumps)
)
def test_no_output_breaks_the_reader(output: str) -> None:
    assert read(output) is None


@pytest.mark.parametrize(
    ("label", "verdict"),
    [
        (Label.CLEAN, Verdict.LATE),
        (Label.APPLICATION, Verdict.LATE),
        (Label.FILESYSTEM, Verdict.LATE),
        (Label.CRASH, Verdict.FAILED),
        (None, Verdict.FAILED),
    ],
)
def test_a_late_cut_counts_where_the_label_claims_more_than_a_crash(
    label: Label | None, verdict: Verdict
) -> None:
    found, reason = judged(replace(REPORT, cut=Cut.LATE), labelled(label))

    assert found is verdict
    assert "mysql: t1" in reason


def test_a_reason_quotes_the_first_failures_and_counts_the_rest() -> None:
    many = tuple(Check(f"c{number}", False, "bad", 1) for number in range(7))  # noqa: FBT003 - as the host says it

    assert judged(replace(REPORT, checks=many), [])[1] == "c0: bad; c1: bad; c2: bad; and 4 more"


def test_a_passed_drill_says_how_much_was_looked_at() -> None:
    assert judged(replace(REPORT, verdict=Verdict.PASSED), [])[1] == "2 checks in 0.0 s, cut inside"
