"""The project as it is deployed: functions and layers compiled, and the floor beside the functions.

The pinned dependencies come from `layers/*/build` where that has been built, and else from the
Python that runs the benchmark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from bench import compiled
from bench.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FLOOR = "floor"


def deployed(folder: Path) -> dict[str, Any]:
    """Lay the project out below a folder; returns the functions of its serverless.yml, the floor first."""
    for part in ("functions", "layers"):
        compiled.copy(ROOT / part, folder / part)
    compiled.copy(ROOT / "bench/floor", folder / "functions" / FLOOR)
    for built in ROOT.glob("layers/*/build"):
        (folder / built.relative_to(ROOT)).symlink_to(built)
    description: dict[str, Any] = yaml.safe_load((ROOT / "serverless.yml").read_text(encoding="utf-8"))
    functions: dict[str, Any] = description["inputs"]["functions"]
    functions = {FLOOR: _floor(next(iter(functions.values()))["layers"]), **functions}
    description["inputs"]["functions"] = functions
    (folder / "serverless.yml").write_text(yaml.safe_dump(description), encoding="utf-8")
    return functions


def _floor(layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": FLOOR,
        "src": f"./functions/{FLOOR}",
        "handler": "index.main_handler",
        "layers": layers,
    }
