"""`make up`, as a newcomer runs it: an address and a token, and the page works at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


def test_make_up_prints_an_address_and_a_token_that_open_a_console_with_a_history() -> None:
    path = os.pathsep.join(str(ROOT / part) for part in (".", "layers/cbsnap", "agent"))
    command, environment = [sys.executable, "-m", "demo.up"], {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as up:
        try:
            printed = "".join(_until_ready(up))
            (url,) = re.findall(r"Console +(\S+)", printed)
            (token,) = re.findall(r"Token +(\S+)", printed)
            page = requests.get(url, timeout=60)
            coverage = requests.get(
                f"{url}../v1/coverage", headers={"Authorization": f"Bearer {token}"}, timeout=60
            ).json()
        finally:
            up.terminate()

    assert "main.js" in page.text
    assert {one["standing"] for one in coverage["items"]} >= {
        "covered",
        "stale",
        "no good snapshot",
        "no policy",
    }
    assert up.returncode == 1  # it was ended, and has ended what it had started


def _until_ready(up: subprocess.Popen[str]) -> Iterator[str]:
    assert up.stdout is not None
    for line in up.stdout:
        yield line
        if line.startswith("Ctrl-C"):
            return
