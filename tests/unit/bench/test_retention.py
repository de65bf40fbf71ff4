"""The bench of retention: a fair comparison, or none and the reason."""

from __future__ import annotations

import pytest

from bench import __main__, retention, trials


def test_both_sides_keep_the_same_snapshots() -> None:
    pytest.importorskip("rotate_backups", reason=retention.why_not((3, 13), installed=False))

    assert retention.decided_by_us(500)[1] == retention.decided_by_them(500)[1]


def test_times_around_new_year_are_left_out_and_reach_over_it() -> None:
    times = [due for _, some in retention.made(1000) for due in some]

    assert len(times) == 1000
    assert {due.year for due in times} == {2025, 2026}
    assert not [due for due in times if due.month == 1 and due.day < 8]


@pytest.mark.parametrize(
    ("python", "installed", "reason"),
    [((3, 13), True, "up to Python 3.12"), ((3, 10), False, "not installed"), ((3, 12), True, "")],
)
def test_where_there_is_nothing_to_compare_with_it_says_why(
    python: tuple[int, int],
    installed: bool,  # noqa: FBT001 - a parameter of the test
    reason: str,
) -> None:
    said = retention.why_not(python, installed=installed)

    assert reason in said
    assert bool(said) is bool(reason)


def test_a_benchmark_that_cannot_run_is_skipped_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    def unavailable() -> trials.Sides:
        raise trials.Unavailable("there is nothing to compare with")

    result = __main__.shown(trials.Benchmark("missing", "nothing", 1, (), "", unavailable), None)

    assert result is None
    assert "missing: skipped: there is nothing to compare with" in capsys.readouterr().out
