"""The project as it is deployed: functions and layers compiled, and the floor beside the functions.

Compiled with unchecked hashes, as the packaged layers are. The pinned dependencies come from
`layers/deps/build` where that has been built, and else from the Python that runs the benchmark.
"""

from __future__ import annotations

import compileall
import shutil
from py_compile import PycInvalidationMode
from typing import TYPE_CHECKING, Any

import yaml

from bench.processes import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FLOOR = "floor"
LEFT_OUT = shutil.ignore_patterns("__pycache__", "build")


def deployed(folder: Path) -> dict[str, Any]:
    """Lay the project out below a folder; returns its serverless.yml, the floor's function added."""
    for part in ("functions", "layers"):
        shutil.copytree(ROOT / part, folder / part, ignore=LEFT_OUT)
    shutil.copytree(ROOT / "bench/floor", folder / "functions" / FLOOR, ignore=LEFT_OUT)
    built = ROOT / "layers/deps/build"
    if built.is_dir():
        (folder / "layers/deps/build").symlink_to(built)
    if not compileall.compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH):
        raise RuntimeError("the functions or layers do not compile")
    description: dict[str, Any] = yaml.safe_load((ROOT / "serverless.yml").read_text(encoding="utf-8"))
    description["inputs"]["functions"][FLOOR] = _floor(description["inputs"]["functions"])
    (folder / "serverless.yml").write_text(yaml.safe_dump(description), encoding="utf-8")
    return description


def _floor(functions: dict[str, Any]) -> dict[str, Any]:
    """Return the floor as a function, with the same layers as the others."""
    other = next(iter(functions.values()))
    return {
        "name": FLOOR,
        "src": f"./functions/{FLOOR}",
        "handler": "index.main_handler",
        "layers": other["layers"],
    }
