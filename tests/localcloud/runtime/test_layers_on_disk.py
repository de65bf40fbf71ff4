"""Layers beside a serverless.yml: built, not built, chosen by hand, or missing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.localcloud.runtime.conftest import running, serverless

if TYPE_CHECKING:
    from pathlib import Path

CODE = """\
import importlib.util, sys

def main_handler(event, context):
    found = {name: importlib.util.find_spec(name) is not None for name in ("of_layer", "yaml", "localcloud")}
    return found | {"site": [place for place, folder in enumerate(sys.path) if "site-packages" in folder]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a project whose only function wants the layer `shared`, declared and not built."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code/index.py").write_text(CODE)
    layers = [{"name": "shared", "version": 1}]
    functions = {"f": {"name": "f", "src": "code", "layers": layers}}
    (tmp_path / "serverless.yml").write_text(serverless(functions, []))
    (tmp_path / "layers/shared").mkdir(parents=True)
    declared = {"component": "layer", "inputs": {"name": "shared", "src": "build"}}
    (tmp_path / "layers/shared/serverless.yml").write_text(json.dumps(declared))
    return tmp_path


def built(folder: Path) -> Path:
    folder.mkdir()
    (folder / "of_layer.py").touch()
    return folder


def test_a_layer_that_is_not_built_is_told_and_its_packages_come_last(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(folder, folder / "ready") as cloud:
        found = cloud.result("f")

    assert (found["of_layer"], found["yaml"], found["localcloud"]) == (False, True, False)
    assert found["site"][0] > 2
    assert f"layer shared: {folder}/layers/shared/build is not built" in capfd.readouterr().err


def test_with_every_layer_built_there_are_no_other_packages(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    built(folder / "layers/shared/build")

    with running(folder, folder / "ready") as cloud:
        found = cloud.result("f")

    assert found == {"of_layer": True, "yaml": False, "localcloud": False, "site": []}
    assert capfd.readouterr().err == ""


def test_a_layers_folder_can_be_chosen_by_hand(folder: Path) -> None:
    chosen = built(folder / "elsewhere")

    with running(folder, folder / "ready", "--layer", f"shared={chosen}") as cloud:
        found = cloud.result("f")

    assert found["of_layer"] is True


def test_a_layer_that_nobody_declares_is_told(folder: Path) -> None:
    (folder / "layers/shared/serverless.yml").unlink()
    command = [sys.executable, "-m", "localcloud", "serve", "--functions", str(folder / "serverless.yml")]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 2
    assert "declares shared; --layer shared=DIR would" in ended.stderr
