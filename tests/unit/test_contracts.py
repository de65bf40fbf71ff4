"""The rules of import: kept as the code stands, and each of them can be broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = {"cbsnap": "layers/cbsnap/cbsnap", "cbsnap_agent": "agent/cbsnap_agent", "localcloud": "localcloud"}

BREACHES = [
    ("The local cloud knows neither", "localcloud/clock.py", "import cbsnap.model"),
    ("The agent stands alone", "cbsnap_agent/labels.py", "import localcloud.clock"),
    ("The core knows neither", "cbsnap/wiring.py", "import localcloud.clock"),
    ("Imports run downwards", "cbsnap/rules/labels.py", "import cbsnap.jobs.pace"),
    ("Jobs and rules are pure", "cbsnap/jobs/pace.py", "import requests"),
    ("Only the adapter to the cloud", "cbsnap/hosts/agent.py", "import tencentcloud"),
    ("Only the command line", "cbsnap/jobs/pace.py", "import rich"),
    ("Functions know entries", "functions/schedule/index.py", "import cbsnap.tencent.api"),
    ("No function imports another", "functions/snapshot/index.py", "import functions.schedule.index"),
]


def lint(tree: Path) -> str:
    path = os.pathsep.join(map(str, (tree, tree / "layers/cbsnap", tree / "agent")))
    program = (
        "import os, sys;"
        f"parts = {[*PARTS, 'functions']!r};"
        "ours = lambda one: any(os.path.isdir(os.path.join(one, part)) for part in parts);"
        f"sys.path = [one for one in sys.path if one.startswith({str(tree)!r}) or not ours(one)];"
        "from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--config", "pyproject.toml"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for part in (*PARTS.values(), "functions"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_is_kept_and_each_breach_is_seen(tree: Path) -> None:
    assert "0 broken" in lint(tree)

    for _, module, line in BREACHES:
        file = place(tree, module)
        file.write_text(f"{file.read_text()}\n{line}\n")
    seen = lint(tree)

    for contract, module, _ in BREACHES:
        assert any(contract in told and "BROKEN" in told for told in seen.splitlines()), (
            contract,
            module,
            seen,
        )


def place(tree: Path, module: str) -> Path:
    top, _, rest = module.partition("/")
    return tree / PARTS.get(top, top) / rest
