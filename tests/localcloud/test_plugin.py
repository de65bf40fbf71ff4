"""The pytest plugin, as a project of somebody else uses it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CONFTEST = 'pytest_plugins = ["localcloud.pytest_plugin"]\n'
TESTS = """
import json
import urllib.request

import pytest


def clock(localcloud):
    with urllib.request.urlopen(localcloud.url + "/_local/clock") as answer:
        return json.load(answer)["now_s"]


def regions(localcloud):
    return [name for _, name in localcloud.cloud.world.regions]


def test_has_the_example(localcloud):
    assert "ap-guangzhou" in regions(localcloud)
    assert (localcloud.secret_id, localcloud.secret_key) == ("AKIDlocalcloud", "localcloud")
    assert localcloud.endpoint.startswith("127.0.0.1:")


@pytest.mark.fleet("small.yml")
def test_has_a_file(localcloud):
    assert regions(localcloud) == ["ap-small"]


def test_turns_the_clock(localcloud):
    localcloud.cloud.clock.set(1_800_000_000, speed=0)

    assert clock(localcloud) == 1_800_000_000


def test_has_a_cloud_of_its_own(localcloud):
    assert clock(localcloud) != 1_800_000_000
"""


def test_another_project_uses_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_them.py").write_text(TESTS)
    (tmp_path / "small.yml").write_text("regions: {ap-small: {}}\n")
    root = str(Path(__file__).parents[2])

    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--strict-markers",
            "-W",
            "error",
            "-p",
            "no:cacheprovider",
            ".",
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": root, "PATH": ""},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
