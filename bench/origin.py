"""Which commit was measured: figures are of one state of the code."""

from __future__ import annotations

import subprocess

from bench.processes import ROOT


def commit() -> str:
    """Return the commit's short name, with a + where files have been changed since; empty without git."""
    try:
        name = _git("rev-parse", "--short", "HEAD")
        return name + "+" if _git("status", "--porcelain", "--untracked-files=no") else name
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - git
