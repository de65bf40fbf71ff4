"""What the suite is for: whatever is done to functions, hosts and wires, no promise is broken."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.chaos.campaign import campaign
from tests.chaos.cases import CREATES, FUNCTION_STEPS, KINDS, ROUND, case
from tests.chaos.tally import Tally

if TYPE_CHECKING:
    import pytest

SEED = 2026
CASES = len(ROUND)
LANES = 4


def test_no_promise_is_broken_whatever_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()

    for verdict in campaign(SEED, range(CASES), LANES):
        tally.add(verdict)

    with capsys.disabled():
        sys.stdout.write(f"\n{tally}\n")
    assert not tally.broken, "\n".join(map(str, tally.broken))
    assert set(tally.kinds) == set(KINDS)


def test_a_case_is_the_same_whenever_it_is_asked_for() -> None:
    assert [case(7, number) for number in range(99)] == [case(7, number) for number in range(99)]


def test_another_seed_is_another_campaign() -> None:
    assert [case(1, number) for number in range(99)] != [case(2, number) for number in range(99)]


def test_a_function_is_killed_at_both_moments_of_every_step_within_its_turns() -> None:
    rounds = -(-len(FUNCTION_STEPS) // ROUND.count("kill-function"))
    killed = {
        (strike.link, strike.step, strike.moment)
        for number in range(rounds * len(ROUND))
        if (one := case(SEED, number)).kind == "kill-function"
        for strike in one.strikes
    }

    assert killed == {(link, step, moment) for (link, step), moment in FUNCTION_STEPS}
    assert {step for _, step, _ in killed} >= set(CREATES)


def test_every_kind_has_its_turn_in_a_round() -> None:
    assert set(ROUND) == set(KINDS)
