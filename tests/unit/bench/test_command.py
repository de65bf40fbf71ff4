"""The command as a person starts it, with the fewest trials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bench import cold_start
from bench.__main__ import main
from bench.processes import ROOT
from bench.project import FLOOR

if TYPE_CHECKING:
    from pathlib import Path

PATHS = os.pathsep.join(str(ROOT / part) for part in ("", "layers/cbsnap", "agent"))


def _measured(name: str, trials: int, folder: Path) -> dict[tuple[str, str], Any]:
    """Run one benchmark; return its rows by metric and side."""
    stated = folder / "measured.json"
    command = [sys.executable, "-m", "bench", name, "--trials", str(trials), "--json", str(stated)]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": PATHS},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert name in done.stdout
    benchmark = json.loads(stated.read_text())["benchmarks"][name]
    return {(row["metric"], row["side"]): row for row in benchmark["rows"]}


def test_the_window_is_measured_on_both_sides(tmp_path: Path) -> None:
    rows = _measured("window", 2, tmp_path)

    assert len(rows["held", "cbsnap"]["samples"]) == 2
    for side in ("bare script", "cbsnap"):
        for held, locked, whole in zip(
            *(rows[metric, side]["samples"] for metric in ("held", "locked", "whole")), strict=True
        ):
            assert 0 < held <= locked < whole
    assert rows["held", "cbsnap"]["ratio"] > 0
    assert rows["held", "bare script"]["ratio"] is None


def test_every_functions_cold_start_is_measured(tmp_path: Path) -> None:
    rows = _measured("cold-start", 1, tmp_path)

    functions = yaml.safe_load((ROOT / "serverless.yml").read_text())["inputs"]["functions"]
    assert {side for _, side in rows} == {FLOOR, *functions}
    for side in functions:
        total, imports, call = (rows[metric, side]["median"] for metric in ("total", "import", "call"))
        assert total == pytest.approx(imports + call)
        assert rows["peak", side]["median"] > 10


def test_every_function_has_a_first_call() -> None:
    functions = yaml.safe_load((ROOT / "serverless.yml").read_text())["inputs"]["functions"]

    assert set(cold_start.CALLS) == {FLOOR, *functions}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["speed"], "no benchmark speed; there are: window,"),
        (["window", "--trials", "0"], "0 should be a number of trials, 1 at least"),
        (["--trials", "many"], "many should be a number of trials"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_runs(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert reason in capsys.readouterr().err
