"""Two reports: a regression is seen, noise is not, and what machines differ in is not compared."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from bench import compare, kept
from bench.compare import main
from bench.report import as_json
from bench.trials import Benchmark, Metric, Result
from tests.unit.bench.results import MACHINE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

METRICS = (
    Metric("time", "ms", "how long it takes"),
    Metric("rate", "/s", "how many", more_is_better=True),
    Metric("memory", "MiB", "what it holds", compared=False),
    Metric("wait", "ms", "how long it waits", compared=False),
)
WHEN = "2026-11-22T14:00:00+00:00"


def report(path: Path, seed: int, trials: int = 20, machine: float = 1.0, **ours: float) -> str:
    """Write a report of noisy samples, 20 % up and down; `ours` multiplies figures of our side."""
    noise = Random(seed)  # noqa: S311 - no secret

    def sample(factors: dict[str, float]) -> dict[str, float]:
        true = {"time": 10.0, "rate": 100.0, "memory": 40.0, "wait": 5.0}
        slow = {"time": machine, "rate": 1 / machine, "memory": 1.0, "wait": machine}
        return {
            name: value * slow[name] * factors.get(name, 1.0) * noise.uniform(0.8, 1.2)
            for name, value in true.items()
        }

    def sides() -> Any:  # noqa: ANN401 - never started
        raise NotImplementedError

    benchmark = Benchmark("pace", "how fast it is", trials, METRICS, "time", sides)
    samples = {
        "bare": tuple(sample({}) for _ in range(trials)),
        "ours": tuple(sample(ours) for _ in range(trials)),
    }
    path.write_text(json.dumps(as_json([Result(benchmark, samples)], MACHINE, WHEN)))
    return str(path)


@pytest.fixture
def compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(seed: int = 2, trials: int = 20, machine: float = 1.0, **ours: float) -> tuple[int, str]:
        old = report(tmp_path / "old.json", 1, trials)
        new = report(tmp_path / "new.json", seed, trials, machine, **ours)
        return main(["--old", old, "--new", new]), capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("figure", "factor", "named"),
    [
        ("time", 1.8, "worse: pace, ours: how long it takes: "),
        ("rate", 0.5, "worse: pace, ours: how many: "),
        ("memory", 1.5, "worse: pace, ours: what it holds: "),
    ],
)
def test_a_regression_is_named_and_fails(
    compared: Callable[..., tuple[int, str]], figure: str, factor: float, named: str
) -> None:
    code, said = compared(**{figure: factor})

    assert code == 1
    assert named in said
    assert said.count("worse: ") == 1


@pytest.mark.parametrize("seed", range(2, 22))
def test_noise_is_no_regression(compared: Callable[..., tuple[int, str]], seed: int) -> None:
    code, said = compared(seed=seed)

    assert (code, said) == (0, "0 worse, 0 better, 3 as before\n")


def test_a_slower_machine_is_no_regression(compared: Callable[..., tuple[int, str]]) -> None:
    assert compared(machine=3.0)[0] == 0


def test_what_has_become_better_is_said_and_is_well(compared: Callable[..., tuple[int, str]]) -> None:
    code, said = compared(time=0.4)

    assert code == 0
    assert "better: pace, ours: how long it takes: " in said


def test_a_single_trial_has_no_spread_and_a_wider_margin(compared: Callable[..., tuple[int, str]]) -> None:
    assert compared(trials=1, seed=1, time=1.2)[0] == 0
    assert compared(trials=1, seed=1, time=1.4)[0] == 1


def test_a_file_that_is_no_report_is_told_from_a_regression(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.json").write_text("[]")

    code = main(["--old", str(tmp_path / "old.json"), "--new", str(tmp_path / "none.json")])

    assert code == 2
    assert "old.json is no report" in capsys.readouterr().err


def test_reports_without_a_figure_in_common_compare_nothing(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text('{"benchmarks": {}}')

    assert main(["--old", str(tmp_path / "old.json"), "--new", report(tmp_path / "new.json", 1)]) == 2


def test_a_run_of_some_leaves_what_is_kept_of_the_others(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text('{"benchmarks": {"pace": {"old": 1}, "other": {"old": 2}}}')

    merged = kept.merge(path, {"benchmarks": {"pace": {"new": 3}}})

    assert merged == kept.read(path) == {"pace": {"new": 3}, "other": {"old": 2}}
    assert compare.MARGIN < compare.FEW_MARGIN
