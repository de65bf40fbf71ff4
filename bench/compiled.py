"""Copies of our folders as they are deployed: with compiled modules that nobody checks again.

A checkout's own bytecode may be there or not, and would be part of what is measured.
"""

from __future__ import annotations

import compileall
import shutil
from py_compile import PycInvalidationMode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LEFT_OUT = shutil.ignore_patterns("__pycache__", "build")


def copy(source: Path, target: Path) -> Path:
    """Copy a folder and compile it with unchecked hashes, as layers are packaged; returns the target."""
    shutil.copytree(source, target, ignore=_LEFT_OUT)
    if not compileall.compile_dir(target, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH):
        raise RuntimeError(f"{source} does not compile")
    return target
