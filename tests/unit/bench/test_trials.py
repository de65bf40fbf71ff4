from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import kept, trials
from bench.__main__ import main
from tests.unit.bench.results import benchmark

if TYPE_CHECKING:
    from pathlib import Path

    from bench.trials import Sample, Side


def _side(name: str, log: list[str]) -> Side:
    def one() -> Sample:
        log.append(name)
        return {"total": float(len(log))}

    return one


def test_the_sides_take_turns_after_one_round_that_does_not_count() -> None:
    log: list[str] = []
    sides = {name: _side(name, log) for name in ("bare", "ours")}
    rounds: list[int] = []

    result = trials.run(benchmark(sides, log), 2, rounds.append)

    assert log == ["built", "bare", "ours", "bare", "ours", "bare", "ours", "ended"]
    assert rounds == [1, 2]
    assert result.values("bare", "total") == [4.0, 6.0]
    assert result.values("ours", "total") == [5.0, 7.0]


def test_the_first_side_is_the_baseline() -> None:
    sides = {name: _side(name, []) for name in ("bare", "ours")}

    result = trials.run(benchmark(sides), 1, lambda _: None)

    assert result.baseline == "bare"
    assert result.trials == 1


def test_the_scenery_is_ended_when_a_side_fails() -> None:
    log: list[str] = []

    def broken() -> Sample:
        raise RuntimeError("the lease was not whole")

    with pytest.raises(RuntimeError, match="not whole"):
        trials.run(benchmark({"ours": broken}, log), 1, lambda _: None)

    assert log == ["built", "ended"]


def test_a_benchmark_that_fails_ends_no_other_and_fails_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> dict[str, float]:
        raise RuntimeError("no such disk")

    known = {"broken": benchmark({"bare": broken}), "pace": benchmark({"bare": lambda: {"total": 1.0}})}
    code = main(["--trials", "1", "--json", str(tmp_path / "kept.json")], known)

    assert code == 1
    assert "no such disk" in capsys.readouterr().out
    assert list(kept.read(tmp_path / "kept.json")) == ["pace"]
