"""Cold starts from what `make package` builds: compiled as it is, against the same files without bytecode.

Decides how the zip files are laid out for the local cloud, once as they are and once from source.
With every layer there, a function finds nothing but its own files and the standard library.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bench.cold_start import METRICS, POLICIES, TOKENS, first_call
from bench.processes import ROOT
from bench.runtime import cloud
from bench.trials import Benchmark, Unavailable
from release.building import Build
from release.wheels import PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.trials import Side

KEYS = ("snapshot", "gateway")  # the worker, whose start comes before each lease, and the largest
SOURCE = "-source"
POLICIES_LAYER = "cbsnap-policies"  # is the benchmark's own


@contextmanager
def sides(key: str) -> Iterator[Mapping[str, Side]]:
    """Yield one function from source, which is the baseline, and as it is packaged."""
    if sys.version_info[:2] != tuple(map(int, PYTHON.split("."))):
        raise Unavailable(f"the packages are for Python {PYTHON}: run the benchmark with it")
    with tempfile.TemporaryDirectory(prefix="cbsnap-bench-") as temporary:
        folder = Path(temporary)
        Build(ROOT, Path(sys.executable), ROOT / "build/wheels").into(folder / "dist")
        names = _laid_out(folder)
        with cloud(folder, POLICIES, CBSNAP_API_TOKENS=TOKENS) as runtime:
            yield {
                "source": first_call(runtime, key, names[key] + SOURCE),
                "packaged": first_call(runtime, key, names[key]),
            }


def _laid_out(folder: Path) -> dict[str, str]:
    """Unpack everything below a folder with a serverless.yml for it; returns the functions' names by key."""
    told: dict[str, Any] = yaml.safe_load((ROOT / "serverless.yml").read_text(encoding="utf-8"))
    functions = told["inputs"]["functions"]
    names = {key: str(function["name"]) for key, function in functions.items()}
    layers = {layer["name"] for function in functions.values() for layer in function["layers"]}
    for layer in layers - {POLICIES_LAYER}:
        for suffix in ("", SOURCE):
            _layer(folder, layer, suffix)
    told["inputs"]["functions"] = {
        key + suffix: _function(folder, functions[key], names[key], suffix)
        for key in functions
        for suffix in ("", SOURCE)
    }
    told["inputs"]["triggers"] = []
    (folder / "serverless.yml").write_text(yaml.safe_dump(told), encoding="utf-8")
    return names


def _layer(folder: Path, name: str, suffix: str) -> None:
    place = folder / "layers" / (name + suffix)
    _unpack(folder / f"dist/layers/{name}.zip", place / "tree", compiled=not suffix)
    described = {"component": "layer", "inputs": {"name": name + suffix, "src": "./tree"}}
    (place / "serverless.yml").write_text(yaml.safe_dump(described), encoding="utf-8")


def _function(folder: Path, told: Mapping[str, Any], name: str, suffix: str) -> dict[str, Any]:
    """Return a function's section; the policies are the same for both."""
    _unpack(
        folder / f"dist/functions/{name}.zip", folder / "functions" / (name + suffix), compiled=not suffix
    )
    layers = [
        layer if layer["name"] == POLICIES_LAYER else {**layer, "name": layer["name"] + suffix}
        for layer in told["layers"]
    ]
    return {**told, "name": name + suffix, "src": f"./functions/{name}{suffix}", "layers": layers}


def _unpack(zipped: Path, place: Path, *, compiled: bool) -> None:
    with zipfile.ZipFile(zipped) as opened:
        opened.extractall(place)
    for bytecode in () if compiled else list(place.rglob("__pycache__")):
        shutil.rmtree(bytecode)


BENCHMARKS = tuple(
    Benchmark(
        name=f"packaged-{key}",
        claim=f"the first call of {key} in a fresh process, as it is packaged, against the same from source",
        trials=10,
        metrics=METRICS,
        plotted="total",
        sides=partial(sides, key),
    )
    for key in KEYS
)
