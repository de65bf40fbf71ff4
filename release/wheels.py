"""The pinned dependencies for the platform: fetched as wheels, checked by their hashes, unpacked as a layer.

CentOS 7 with Python 3.10 is what functions run on (583/40323): only manylinux2014 wheels will do.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from release.failure import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = "3.10"
PLATFORM = "manylinux2014_x86_64"
SHARED = {
    "tencentcloud/__init__.py": "tencentcloud_sdk_python_common-"
}  # in all of the SDK's wheels: whose stays
TO_THE_ROOT = ("purelib", "platlib")  # of a wheel's .data folder; scripts and headers have no use


def fetched(requirements: Path, python: Path, cache: Path) -> Path:
    """Return a folder with the wheels that a lock file pins; those of an unchanged one are there already.

    pip runs under the platform's Python, since the lock's conditions are about the Python that runs.
    """
    kept = folder(requirements, cache)
    if kept.is_dir():
        return kept
    part = kept.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(python)]
    command += ["download", "--require-hashes", "--no-deps", "--only-binary=:all:", "--dest", str(part)]
    command += ["--python-version", PYTHON, "--implementation", "cp", "--platform", PLATFORM]
    done = subprocess.run(  # noqa: S603 - pip, with our own lock
        [*command, "--requirement", str(requirements)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(f"the packages of {requirements} could not be fetched:\n{done.stderr.strip()}")
    return part.rename(kept)


def folder(requirements: Path, cache: Path) -> Path:
    """Return where the wheels of a lock file are kept."""
    lock = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    return cache / f"{lock}-{PYTHON}-{PLATFORM}"


def unpack(wheels: Path, into: Path) -> None:
    """Unpack all wheels into one folder, as a layer's zip has them; BuildError where two differ in a file."""
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as opened:
            for name, place in _places(opened, wheel.name):
                _put(opened.read(name), into / place, wheel.name)


def _places(opened: zipfile.ZipFile, wheel: str) -> Iterator[tuple[str, PurePosixPath]]:
    for name in opened.namelist():
        path = PurePosixPath(name)
        if name.endswith("/") or _left_out(path) or not wheel.startswith(SHARED.get(name, "")):
            continue
        if not path.parts[0].endswith(".data"):
            yield name, path
        elif path.parts[1] in TO_THE_ROOT:
            yield name, PurePosixPath(*path.parts[2:])


def _left_out(path: PurePosixPath) -> bool:
    """Leave out the SDK's asynchronous clients, which nothing of ours calls, and the lists that have them."""
    asynchronous = path.parts[0] == "tencentcloud" and path.name.endswith("_async.py")
    return asynchronous or path.match("*.dist-info/RECORD")


def _put(content: bytes, file: Path, wheel: str) -> None:
    if file.exists() and file.read_bytes() != content:
        raise BuildError(f"{wheel} brings another {file.name} than the wheel before it")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
