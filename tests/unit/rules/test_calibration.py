"""When a cloud cuts: clocks brought together, cuts held against the answer, and what to advise."""

from __future__ import annotations

import pytest
from cbsnap.model import Thaw
from cbsnap.rules.calibration import Cut, Measured, RoundTrip, Sample, Span, advice, ahead, measured

HOST_AHEAD_S = 86_400.25


def trip(asked_s: float, took_s: float, share: float = 0.5, ahead_s: float = HOST_AHEAD_S) -> RoundTrip:
    """Return a round trip of which a share was spent on the way there."""
    return RoundTrip(asked_s, asked_s + took_s * share + ahead_s, asked_s + took_s)


def of(low_ms: float, high_ms: float, visible_ms: float = 20, normal_ms: float = 2000) -> Measured:
    """Return a cut so long after the answer."""
    answered_s = 100.0
    visible_s, normal_s = answered_s + visible_ms / 1000, answered_s + normal_ms / 1000
    sample = Sample("snap-a", answered_s - 0.1, answered_s, visible_s, normal_s)
    return Measured(sample, Span(low_ms / 1000, high_ms / 1000))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_hosts_clock_lies_within_what_a_round_trip_allows(share: float) -> None:
    span = ahead([trip(10, 0.02, share)], 10.01)

    assert span.low <= HOST_AHEAD_S <= span.high
    assert span.width == pytest.approx(0.02, abs=1e-6)


def test_several_round_trips_know_it_better_than_the_best_of_them() -> None:
    span = ahead([trip(10, 0.02, 0.1), trip(10.1, 0.02, 0.9)], 10.05)

    assert span.low <= HOST_AHEAD_S <= span.high
    assert span.width < 0.005


def test_an_old_round_trip_knows_less() -> None:
    assert ahead([trip(10, 0.02)], 1010).width > ahead([trip(10, 0.02)], 10).width + 0.1


def test_a_clock_that_was_set_meanwhile_is_known_by_one_round_trip_alone() -> None:
    span = ahead([trip(10, 0.02), trip(10.1, 0.01, ahead_s=HOST_AHEAD_S + 5)], 10)

    assert 0 < span.width < 0.011


def test_a_cut_is_brought_over_from_the_hosts_clock_with_its_error() -> None:
    sample = Sample("snap-a", 99.9, 100.0, 100.01, 102.0)
    cut = Cut(Span(100.150 + HOST_AHEAD_S, 100.156 + HOST_AHEAD_S))

    found = measured(sample, cut, [trip(99.9, 0.004)])

    assert found.late.low <= 0.150
    assert found.late.high >= 0.156
    assert found.late.width == pytest.approx(0.006 + 0.004, abs=1e-3)


def test_a_cut_before_the_answer_lets_hosts_go_on_then() -> None:
    assert advice([of(-20, -5), of(-3, 6)]).thaw is Thaw.RETURNED


def test_one_late_cut_among_others_decides() -> None:
    found = advice([of(-20, -5), of(-20, -5), of(145, 155)])

    assert found.thaw is Thaw.NORMAL
    assert found.said == "the latest cut was 145 to 155 ms after the answer"
    assert found.margin_s == pytest.approx(1.845)


def test_a_row_that_shows_after_the_cut_is_enough() -> None:
    assert advice([of(145, 155, visible_ms=300), of(145, 155, visible_ms=160)]).thaw is Thaw.VISIBLE


def test_what_is_too_coarse_does_not_speak_for_the_answer() -> None:
    found = advice([of(-400, 600), of(-500, 500)])

    assert found.thaw is Thaw.NORMAL
    assert "not known well enough" in found.said


def test_coarse_samples_do_no_harm_beside_fine_ones() -> None:
    assert advice([of(-400, 600), of(-9, 4), of(-9, 4)]).thaw is Thaw.RETURNED


def test_a_cut_after_normal_has_no_thaw_point() -> None:
    found = advice([of(145, 155, normal_ms=150)])

    assert found.thaw is None
    assert "no thaw point" in found.said


def test_a_snapshot_that_takes_longer_than_any_lease_has_no_thaw_point_but_the_answer() -> None:
    assert advice([of(145, 155, normal_ms=90_000)]).thaw is None
    assert advice([of(-9, 1, normal_ms=90_000), of(-9, 1, normal_ms=90_000)]).thaw is Thaw.RETURNED


def test_a_snapshot_that_is_not_of_one_moment_is_worth_no_thaw_point() -> None:
    found = advice([of(-9, 1), of(-9, 1)], torn=["snap-b"])

    assert found.thaw is None
    assert "snap-b is not of one moment" in found.said


def test_nothing_measured_is_no_advice() -> None:
    assert advice([]).thaw is None
