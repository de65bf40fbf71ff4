"""What came of a drill is the function's own word; an earlier drill's verdict does not pass for it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from cbsnap.entry.cli.drilling import NOT_BEGUN, Turn, code
from cbsnap.model import Target
from cbsnap.ports import Answered
from cbsnap.rules.drilling import Choice

PASSED = {
    "snapshots": ["snap-a"],
    "verdict": "passed",
    "cut": "inside",
    "reason": "1 checks in 0.1 s, cut inside",
    "checks": [{"name": "ext4", "ok": True, "detail": "", "ms": 7}],
}
DRILLED = {
    "action": "drilled",
    "region": "ap-guangzhou",
    "subject": "snap-a",
    "reason": "passed: all well",
    "drill": PASSED,
}
UNDRILLED = {
    "trouble": "not drilled",
    "region": "ap-guangzhou",
    "subject": "orders",
    "reason": "ins-scratch is STOPPED and takes no commands (TAT)",
}


@pytest.fixture
def turn() -> Turn:
    nothing = cast("Any", None)
    return Turn(nothing, Target("ap-guangzhou"), "orders", "k", nothing, Choice(()))


@pytest.mark.parametrize(
    ("told", "verdict", "reason"),
    [
        ({"changes": [DRILLED]}, "passed", "1 checks in 0.1 s, cut inside"),
        ({"findings": [UNDRILLED]}, "unfinished", "takes no commands"),
        ({"error": "delivered after 02:00:00 UTC, and dropped"}, "unfinished", "dropped"),
        ({}, "unfinished", NOT_BEGUN),
    ],
)
def test_the_functions_answer_says_what_came_of_it(
    turn: Turn, told: dict[str, Any], verdict: str, reason: str
) -> None:
    end = turn.answered([Answered(over=True, returned=[{"region": "ap-guangzhou", **told}])])

    assert end is not None
    assert end.verdict == verdict
    assert reason in end.reason


def test_a_function_that_died_leaves_it_unfinished(turn: Turn) -> None:
    end = turn.answered([Answered(over=True, failed="cbsnap-maintain ended with 433: see its log")])

    assert end is not None
    assert (end.verdict, code([end])) == ("unfinished", 3)


def test_before_the_function_has_ended_nothing_is_known(turn: Turn) -> None:
    assert turn.answered([]) is None
